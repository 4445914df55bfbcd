package config

import (
	"github.com/authctl/authctl/cmd/vault"
)

// Loaded is a configuration and the origin of each of its values.
type Loaded struct {
	Settings
	Origins map[string]string // key to "default", "file …", ".env …", "env …" or "flag …"
	Refs    []Reference       // the settings that are kept in Vault
	lone    []string          // ignored variables that look like those of a Kubernetes Service, without its other variables
}

// Reference is a setting that Vault keeps, or one item of such a list.
type Reference struct {
	Key   string
	index int // in the list
	At    vault.Reference
	Value vault.Value // the value in Vault; empty if it was not read
}
