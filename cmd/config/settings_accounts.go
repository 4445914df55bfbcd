package config

import "time"

// Accounts is what holds of users.
type Accounts struct {
	// How long nobody can register the name of a deleted or renamed user; 0s is not at all. This
	// protects applications that identify users by name. It does not apply to "authctl user create"
	// and "user import".
	NameQuarantine time.Duration `key:"name_quarantine" default:"720h" range:"0s..8760h" reload:"yes"`
	// Whether accounts have e-mail addresses: off, optional, or required, which POST /register
	// asks for. auto is optional where mail.url is set, else off.
	Email string `key:"email" default:"auto" reload:"yes"`
}
