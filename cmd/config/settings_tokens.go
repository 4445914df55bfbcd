package config

import (
	"time"
)

// JWT is how access tokens are signed, and what they say.
type JWT struct {
	// HS256 signs access tokens with the secret itself. EdDSA (Ed25519), ES256 and RS256 have
	// pairs of keys, kept in the database, sealed under the secret: others verify tokens
	// with the public keys at /.well-known/jwks.json and need no secret.
	Algorithm string `key:"algorithm" default:"HS256"`
	// The key of HS256 (the characters as given), and what private keys are sealed under, at
	// least 32 bytes: authctl secret generate. Required with PostgreSQL, the same on every
	// node; with SQLite one is made in authctl.secret beside the database. Also: JWT_SECRET.
	//
	// A file that holds it instead. Also: JWT_SECRET_FILE.
	Secret Secret `key:"secret" reload:"yes"`
	// Earlier secrets, whose tokens are still good and whose sealed keys can be opened. Rotate
	// the secret by moving the old one here; see docs/keys.md.
	//
	// A file that holds them instead, one a line.
	PreviousSecrets Secrets `key:"previous_secrets" reload:"yes"`
	// The iss of every access token. Set it to your public URL when others verify them.
	Issuer string `key:"issuer" default:"authctl"`
	// The aud of every access token. Set it when others verify them; empty leaves it out.
	Audience string `key:"audience"`
	// The client_id of every access token (RFC 9068): what the tokens are issued to. Set it when a
	// verifier expects a name of its own. Empty takes the audience, or the issuer where that is empty.
	ClientID string `key:"client_id"`
}

// Tokens is how long tokens and sessions live.
type Tokens struct {
	// Life of an access token, 1m to 60m. Services that verify tokens without asking
	// authctl notice a revocation this late. Also: ACCESS_TOKEN_EXPIRATION (seconds).
	AccessTTL time.Duration `key:"access_ttl" default:"15m" range:"1m..1h"`
	// How long a session lives without being refreshed. Also: REFRESH_TOKEN_EXPIRATION (seconds).
	RefreshTTL time.Duration `key:"refresh_ttl" default:"168h" range:"5m..2160h"`
	// How long a session lives at all, from the sign-in.
	SessionMaxAge time.Duration `key:"session_max_age" default:"720h" range:"5m..8760h"`
	// How long after a refresh the token that was replaced still gets the newest one, for
	// lost answers and second tabs; later it counts as stolen. It does not run while the
	// service cannot answer. 0s to 60s.
	RetryWindow time.Duration `key:"retry_window" default:"10s" range:"0s..1m"`
}

// Sessions is how many there may be.
type Sessions struct {
	// Sessions that one user may have at once, 0 to 10000; a login beyond that ends the oldest
	// (on PostgreSQL logins of the same moment may leave one more each until the next). 0 for
	// no limit.
	MaxPerUser int `key:"max_per_user" default:"100" range:"0..10000" reload:"yes"`
}

// Revocation is how late it may be noticed.
type Revocation struct {
	// How long a server that has lost sight of the database goes on vouching for access
	// tokens, 5s to 10m. Then /profile and /verify answer 503, for a revocation may have
	// been missed.
	MaxStaleness time.Duration `key:"max_staleness" default:"30s" range:"5s..10m"`
}

// Cookies is how tokens are kept in browsers.
type Cookies struct {
	// auto sets Secure when HTTPS is in use (public_url, or a trusted proxy's word);
	// true or false decides it; false only on localhost without HTTPS, or in development.
	Secure autoBool `key:"secure" default:"auto" oneof:"auto true false"`
	// lax, strict, or none for frames on another site (needs secure: true).
	SameSite string `key:"same_site" default:"lax" oneof:"lax strict none"`
	// Set it to share the cookies with subdomains, such as example.com. Before you change or
	// empty it, name the old one in previous_domains.
	Domain string `key:"domain"`
	// What domain was before, such as [example.com], at most eight. Browsers keep those cookies for
	// tokens.refresh_ttl and would send both; whoever gets a new pair loses the old one. Take
	// them out after that time. The cookies of this host alone need no mention.
	PreviousDomains []string `key:"previous_domains" reload:"yes"`
	// Name the cookies __Host-access_token and __Host-refresh_token, which browsers accept
	// over HTTPS from this host only. Best where nothing else reads them by name.
	HostPrefix bool `key:"host_prefix" default:"false"`
}
