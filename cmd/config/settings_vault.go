package config

import "time"

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
