package cmd

import (
	"context"
	"fmt"
	"time"
)

const environmentKnown = 12 // the version of the schema that servers say their environment in

// checkEnvironment fails if this process would use the cheap password hashes of development in a
// database that production servers use. A missing schema, or one that does not record the environment,
// counts as not in production.
func checkEnvironment(ctx context.Context, inst *instance, o opening) error {
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
			return &problem{exitUsage, fmt.Errorf("the server %s (%s) uses %s in production, and this configuration has environment: development, which hashes passwords at a low cost",
				n.Name, n.ID, inst.cfg.DatabaseName()),
				"set environment: production, or use another database; if that server has ended, run authctl node forget " + n.ID.String()}
		}
	}
	return nil
}
