package config

import "time"

// Vault is how secrets are read that are kept in HashiCorp Vault or OpenBao.
type Vault struct {
	// How authctl logs in to Vault: token (VAULT_TOKEN, or token_file below), approle or
	// kubernetes.
	Auth string `key:"auth" default:"token" reload:"yes"`
	// The mount of approle or kubernetes, if it is not the default.
	Mount string `key:"mount" reload:"yes"`
	// token: a file with the token, such as Vault Agent writes. authctl reads it again when the
	// token has expired. kubernetes: the file with the service account's token, if it is not the
	// default.
	TokenFile string `key:"token_file" reload:"yes"`
	// approle: the role id.
	RoleID string `key:"role_id" reload:"yes"`
	// approle: the secret id.
	//
	// A file with it instead.
	SecretID Secret `key:"secret_id" reload:"yes" vault:"no"`
	// kubernetes: the role for the pod's service account.
	Role string `key:"role" reload:"yes"`
	// Allow plain HTTP to a Vault on another machine, and VAULT_SKIP_VERIFY. Use it only on a
	// network that is yours alone: anybody in between could read the token and every secret.
	Insecure bool `key:"insecure" default:"false" reload:"yes"`
	// How long serve tries to reach Vault at the start.
	ConnectTimeout time.Duration `key:"connect_timeout" default:"30s" range:"0s..10m" reload:"yes"`
	// How often serve queries Vault for new versions. A new jwt.secret takes effect without a
	// restart.
	RefreshInterval time.Duration `key:"refresh_interval" default:"30s" range:"1s..1h" reload:"yes"`
	// How long serve keeps using cached secrets when Vault is unreachable. After that it is not
	// ready. Must be longer than refresh_interval.
	MaxAge time.Duration `key:"max_age" default:"24h" range:"1s..720h" reload:"yes"`
}
