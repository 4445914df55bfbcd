package config

import "time"

// Accounts is what holds of users.
type Accounts struct {
	// How long after a user was deleted nobody can register the name, so that nobody takes the
	// place of the user where others go by the name. 0s for not at all. It does
	// not bind "authctl user create" and "user import".
	NameQuarantine time.Duration `key:"name_quarantine" default:"720h" range:"0s..8760h" reload:"yes"`
}
