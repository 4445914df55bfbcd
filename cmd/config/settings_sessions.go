package config

import "time"

// Tokens is how long tokens and sessions live.
type Tokens struct {
	// Life of an access token. Services that verify tokens without asking authctl notice a
	// revocation this late. Also: ACCESS_TOKEN_EXPIRATION (seconds).
	AccessTTL time.Duration `key:"access_ttl" default:"15m" range:"1m..1h"`
	// How long a session lives without being refreshed. Also: REFRESH_TOKEN_EXPIRATION (seconds).
	RefreshTTL time.Duration `key:"refresh_ttl" default:"168h" range:"5m..2160h"`
	// How long a session lives at all, from the sign-in.
	SessionMaxAge time.Duration `key:"session_max_age" default:"720h" range:"5m..8760h"`
	// How long after a refresh the token that was replaced still gets the newest one, for
	// lost answers and second tabs; later it counts as stolen. It does not run while the
	// service cannot answer.
	RetryWindow time.Duration `key:"retry_window" default:"10s" range:"0s..1m"`
}

// Sessions is how many there may be.
type Sessions struct {
	// Sessions that one user may have at once; a login beyond that ends the oldest
	// (on PostgreSQL logins of the same moment may leave one more each until the next). 0 for
	// no limit.
	MaxPerUser int `key:"max_per_user" default:"100" range:"0..10000" reload:"yes"`
}

// Revocation is how late it may be noticed.
type Revocation struct {
	// How long a server that has lost sight of the database goes on vouching for access
	// tokens. Then /profile and /verify answer 503, for a revocation may have
	// been missed.
	MaxStaleness time.Duration `key:"max_staleness" default:"30s" range:"5s..10m"`
}
