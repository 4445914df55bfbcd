package config

import (
	"time"
)

// Accounts is what holds of users.
type Accounts struct {
	// How long after a user was deleted nobody can register the name, so that nobody takes the
	// place of the user where others go by the name. 0s for not at all; at most 8760h. It does
	// not bind "authctl user create" and "user import".
	NameQuarantine time.Duration `key:"name_quarantine" default:"720h" range:"0s..8760h" reload:"yes"`
}

// Log is what is logged, and how.
type Log struct {
	// trace, debug, info, warn, error or disabled. Also: LOG_LEVEL.
	Level string `key:"level" default:"info" oneof:"trace debug info warn error disabled" anycase:"yes" reload:"yes"`
	// json, console for people, or auto: console on a terminal and in development.
	Format string `key:"format" default:"auto" oneof:"auto json console"`
}

// Vault is how secrets are read that are kept in HashiCorp Vault or OpenBao.
type Vault struct {
	// token (VAULT_TOKEN, or the file below), approle or kubernetes.
	Auth string `key:"auth" default:"token" reload:"yes"`
	// Where approle or kubernetes is mounted, if not under its own name.
	Mount string `key:"mount" reload:"yes"`
	// token: a file that holds it, such as Vault Agent writes; it is read again when the token is
	// used up. kubernetes: the service account's token, if it is not where pods have it.
	TokenFile string `key:"token_file" reload:"yes"`
	// approle: who this is.
	RoleID string `key:"role_id" reload:"yes"`
	// approle: its secret.
	//
	// A file that holds it instead.
	SecretID Secret `key:"secret_id" reload:"yes" vault:"no"`
	// kubernetes: the role that the pod's service account may take.
	Role string `key:"role" reload:"yes"`
	// Allow plain HTTP to a Vault on another machine, and VAULT_SKIP_VERIFY. Only on a network that
	// is yours alone: whoever is in between reads the token and every secret.
	Insecure bool `key:"insecure" default:"false" reload:"yes"`
	// How long to try when Vault does not answer at the start.
	ConnectTimeout time.Duration `key:"connect_timeout" default:"30s" range:"0s..10m" reload:"yes"`
	// How often serve looks for new versions; a new jwt.secret is taken over without a restart.
	RefreshInterval time.Duration `key:"refresh_interval" default:"30s" range:"1s..1h" reload:"yes"`
	// How long serve goes on with what it holds while Vault is away; then it is not ready.
	// Longer than refresh_interval.
	MaxAge time.Duration `key:"max_age" default:"24h" range:"1s..720h" reload:"yes"`
}

// Config is how the configuration itself is read.
type Config struct {
	// Reload when this file, .env, a file that holds a secret or the blocklist changes, as SIGHUP
	// does. What can change while serve runs: docs/configuration.md.
	Watch bool `key:"watch" default:"false"`
}
