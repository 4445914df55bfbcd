package cmd_test

import "testing"

// verifier is another verifier of access tokens, which runs with its sample from docs/keys.md.
type verifier struct {
	name     string // the mark of its sample
	language string // go, node or python
	not      string // the algorithm that it does not take; "" for none

	// What it does with the keys that it has fetched a moment ago, as docs/keys.md says.
	fetches bool // it fetches the keys for a token of a new key
	forgets bool // a fetch makes it forget a removed key
}

var otherVerifiers = []verifier{
	{name: "go-oidc", language: "go", fetches: true, forgets: true},
	{name: "keyfunc", language: "go", fetches: true, forgets: true},
	{name: "jwx", language: "go"},
	{name: "jose", language: "node"},
	{name: "jsonwebtoken", language: "node", not: "EdDSA", fetches: true},
	{name: "fast-jwt", language: "node", fetches: true},
	{name: "oauth4webapi", language: "node"},
	{name: "pyjwt", language: "python", fetches: true, forgets: true},
}

// TestOtherVerifiersTakeOurTokens has each verifier run the sample that docs/keys.md prints, before and after a
// rotation and a burned key. What it does meanwhile is what the tables there say.
func TestOtherVerifiersTakeOurTokens(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"EdDSA", "ES256", "RS256"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			issuer := newIssuer(t, "AUTHCTL_JWT_ALGORITHM="+algorithm)
			issuer.start(t)
			first := issuer.token(t)
			var all []*started
			for _, v := range otherVerifiers {
				all = append(all, issuer.run(t, v, algorithm, ""))
			}
			each := func(what string, want func(verifier) bool, token string) {
				t.Helper()
				for _, s := range all {
					s.judge(t, what, token, want(s.verifier) && s.not != algorithm)
				}
			}
			always, never := func(verifier) bool { return true }, func(verifier) bool { return false }
			fetches, remembers := func(v verifier) bool { return v.fetches }, func(v verifier) bool { return !v.forgets }
			again := func() {
				for i, s := range all {
					all[i] = s.again(t)
				}
			}

			each("the first token", always, first)
			issuer.process.run(t, "key", "rotate", "--publish-for", "0s")
			second := issuer.token(t)
			each("the former key after a rotation", always, first)
			each("the new key after a rotation", fetches, second)
			again()
			each("the new key, anew", always, second)
			each("the former key, anew", always, first)

			issuer.process.run(t, "key", "rotate", "--now", "--yes")
			third := issuer.token(t)
			each("a burned key in the cache", always, second)
			each("the key after a burned one", fetches, third)
			each("a burned key after that", remembers, second)
			again()
			each("the key after a burned one, anew", always, third)
			each("a burned key, anew", never, second)
			each("a forged token", never, forgedEnd(third))
			if algorithm == "ES256" { // which all of them take
				for i, s := range all {
					all[i] = issuer.run(t, s.verifier, algorithm, "another")
				}
				each("a token for another audience", never, third)
			}
		})
	}
}

// TestOtherVerifiersTakeOurSecret is about HS256, whose key each verifier is given.
func TestOtherVerifiersTakeOurSecret(t *testing.T) {
	t.Parallel()
	former, secret := randomSecret(), randomSecret()
	issuer := newIssuer(t, "JWT_SECRET="+former)
	issuer.start(t)
	first := issuer.token(t)
	issuer.process.terminate(t) // one that was killed would seem to run on, and delay the new key
	environ := issuer.process.environ
	issuer.process = newProcess("authctl", issuer.process.dir, append(environ, "JWT_SECRET="+secret, "AUTHCTL_JWT_PREVIOUS_SECRETS="+former)...)
	issuer.start(t)
	second := issuer.token(t)
	for _, v := range []verifier{{name: "golang-jwt", language: "go"}, {name: "jwx", language: "go"}, {name: "jose", language: "node"},
		{name: "jsonwebtoken", language: "node"}, {name: "fast-jwt", language: "node"}, {name: "pyjwt", language: "python"}} {
		v.name += " HS256"
		before, after := issuer.run(t, v, "HS256", "", "JWT_SECRET="+former), issuer.run(t, v, "HS256", "", "JWT_SECRET="+secret)
		before.judge(t, "the former secret", first, true)
		before.judge(t, "the new secret with the former one", second, false)
		after.judge(t, "the new secret", second, true)
		after.judge(t, "the former secret with the new one", first, false)
		after.judge(t, "a forged token", forgedEnd(second), false)
		issuer.run(t, v, "HS256", "another", "JWT_SECRET="+secret).judge(t, "a token for another audience", second, false)
	}
	for _, v := range otherVerifiers {
		if v.name == "go-oidc" || v.name == "oauth4webapi" { // which take public keys only
			issuer.run(t, v, "HS256", "").judge(t, "a secret", second, false)
		}
	}
}
