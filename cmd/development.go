package cmd

import (
	"context"
	"fmt"
	"time"
)

const environmentKnown = 12 // the version of the schema that servers say their environment in

// refuseProduction fails where passwords would be hashed cheaply, for development, in a database that
// servers in production use. A schema that does not say so yet, or is not there, is of none.
func refuseProduction(ctx context.Context, inst *instance, o opening) error {
	if !inst.cfg.Development() || !o.hashes {
		return nil
	}
	if schema, err := inst.store.Schema(ctx); err != nil || schema.Current < environmentKnown {
		return err
	}
	nodes, err := inst.store.Nodes(ctx, time.Now())
	if err != nil {
		return err
	}
	for _, n := range nodes {
		if n.Environment == "production" {
			return &problem{exitUsage, fmt.Errorf("the server %s (%s) uses %s in production, and this is environment: development, where passwords are hashed cheaply",
				n.Name, n.ID, inst.cfg.DatabaseName()),
				"set environment: production, or use another database; if that server is gone for good, authctl node forget " + n.ID.String()}
		}
	}
	return nil
}
