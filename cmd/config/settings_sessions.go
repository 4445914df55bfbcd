package config

import "time"

// Tokens is how long tokens and sessions live, and what is in them.
type Tokens struct {
	// Lifetime of an access token. Services that verify tokens without asking authctl notice a
	// revocation only after this time. Also: ACCESS_TOKEN_EXPIRATION (seconds).
	AccessTTL time.Duration `key:"access_ttl" default:"15m" range:"1m..1h"`
	// Lifetime of a session without a refresh. Also: REFRESH_TOKEN_EXPIRATION (seconds).
	RefreshTTL time.Duration `key:"refresh_ttl" default:"168h" range:"5m..2160h"`
	// Maximum lifetime of a session, from the sign-in.
	SessionMaxAge time.Duration `key:"session_max_age" default:"720h" range:"5m..8760h"`
	// How long after a refresh the replaced refresh token still yields the newest one, for lost
	// answers and second tabs. After that the replaced token counts as stolen. The time does not
	// run while the service cannot answer.
	RetryWindow time.Duration `key:"retry_window" default:"10s" range:"0s..1m"`
	// Whether access tokens carry the users' roles and claims. Set it to false for the smallest
	// cookies: applications then find both in /profile, and /verify cannot check a role.
	ClaimsInToken bool `key:"claims_in_token" default:"true"`
}

// Sessions is how many there may be.
type Sessions struct {
	// Maximum number of sessions of one user; 0 is no limit. A further login ends the oldest
	// session. On PostgreSQL each concurrent login may leave one session more, until the next
	// login.
	MaxPerUser int `key:"max_per_user" default:"100" range:"0..10000" reload:"yes"`
}

// Revocation is how late it may be noticed.
type Revocation struct {
	// How long a server without contact to the database still accepts access tokens. After that
	// /profile and /verify answer 503, because the server may have missed a revocation.
	MaxStaleness time.Duration `key:"max_staleness" default:"30s" range:"5s..10m"`
}
