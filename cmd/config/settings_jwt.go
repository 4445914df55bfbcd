package config

// JWT is how access tokens are signed, and what they say.
type JWT struct {
	// HS256 signs access tokens with the secret itself. EdDSA (Ed25519), ES256 and RS256 use key
	// pairs; the database holds them, sealed under the secret. Other services then verify tokens
	// with the public keys at /.well-known/jwks.json and need no secret.
	Algorithm string `key:"algorithm" default:"HS256"`
	// The key of HS256 (the characters as given), and the secret that seals private keys. At least
	// 32 bytes: authctl secret generate. With PostgreSQL it is required, and the same on every
	// node. With SQLite serve creates one in authctl.secret beside the database. Also: JWT_SECRET.
	//
	// A file with the secret instead. Also: JWT_SECRET_FILE.
	Secret Secret `key:"secret" strong:"yes" reload:"yes"`
	// Earlier secrets. Their tokens stay valid, and the keys that they sealed can be opened. To
	// rotate the secret, move the old one here; see docs/keys.md.
	//
	// A file with them instead, one per line.
	PreviousSecrets Secrets `key:"previous_secrets" strong:"yes" reload:"yes"`
	// The iss claim of every access token. Set it to your public URL when other services verify
	// the tokens.
	Issuer string `key:"issuer" default:"authctl"`
	// The aud claim of every access token. Empty uses the issuer. none omits the claim, for
	// verifiers that refuse a token with an audience that they do not expect; auth_time is omitted
	// then too.
	Audience string `key:"audience"`
	// The client_id claim of access tokens (RFC 9068): the client to which they are issued, where the
	// request names none of clients. Set it when a verifier expects a certain value. Empty uses the
	// audience, or the issuer if there is no audience.
	ClientID string `key:"client_id"`
	// The typ in the header of every access token: at+jwt (RFC 9068), or JWT for verifiers that
	// refuse at+jwt. Servers accept both, so it can change server by server.
	Type string `key:"typ" default:"at+jwt" oneof:"at+jwt JWT"`
}
