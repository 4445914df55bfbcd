package config

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
