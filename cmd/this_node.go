package cmd

import (
	"os"

	"github.com/google/uuid"

	"github.com/authctl/authctl/cmd/config"
	"github.com/authctl/authctl/store"
)

// thisNode returns the node of this process, as other processes see it.
func thisNode() store.Node {
	name, err := os.Hostname()
	if err != nil {
		name = "unknown"
	}
	return store.Node{ID: uuid.New(), Name: name, Version: buildVersion()}
}

// serving returns this process as a server that announces itself.
func serving(cfg config.Loaded) store.Node {
	n := thisNode()
	n.Environment = cfg.Environment
	return n
}
