package server_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/authctl/authctl/authn"
)

var operator = authn.Actor{Name: "cli:root"}

// signing returns a change of the setup: the server signs with this algorithm.
func signing(algorithm string) func(*setup) {
	return func(s *setup) {
		s.authn.Algorithm, s.authn.Issuer, s.authn.Audience = algorithm, "https://login.example.test", "shop"
		s.server.PublicURL = "https://login.example.test"
	}
}

func (f *fixture) openKeys(t *testing.T) {
	t.Helper()
	if err := f.svc.Keys.Open(context.Background(), operator); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) rotateKey(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	next, err := f.svc.Keys.Next(ctx, operator)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.svc.Keys.Promote(ctx, operator, next.ID); err != nil {
		t.Fatal(err)
	}
	if err := f.svc.Cluster.Sync(ctx); err != nil {
		t.Fatal(err)
	}
}

// fetchKeys finds the keys as a verifier does that knows only the issuer.
func (f *fixture) fetchKeys(t *testing.T) (keys jose.JSONWebKeySet, body string) {
	t.Helper()
	var found struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	a := f.send(request{method: "GET", path: "/.well-known/openid-configuration"}).want(t, http.StatusOK)
	if err := json.Unmarshal(a.body, &found); err != nil {
		t.Fatal(err)
	}
	path, ours := strings.CutPrefix(found.JWKSURI, found.Issuer)
	if !ours || found.Issuer != "https://login.example.test" {
		t.Fatalf("got %+v", found)
	}
	a = f.send(request{method: "GET", path: path}).want(t, http.StatusOK)
	if err := json.Unmarshal(a.body, &keys); err != nil {
		t.Fatal(err)
	}
	return keys, string(a.body)
}

// TestAnotherVerifierTakesOurTokens: go-jose finds the keys, and verifies tokens from before
// and after a rotation.
func TestAnotherVerifierTakesOurTokens(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{authn.AlgorithmEdDSA, authn.AlgorithmES256, authn.AlgorithmRS256} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
				f := start(signing(algorithm))
				f.openKeys(t)
				b := f.signedIn("alice")
				before := b.cookies["access_token"]
				f.rotateKey(t)
				b.post("/refresh", "").want(t, http.StatusOK)
				keys, body := f.fetchKeys(t)
				if len(keys.Keys) != 2 {
					t.Fatalf("got %s, want two keys", body)
				}
				for _, private := range []string{`"d"`, `"p"`, `"q"`, `"k"`, `"dp"`, `"oth"`} {
					if strings.Contains(body, private) {
						t.Errorf("the private member %s is published", private)
					}
				}
				for what, token := range map[string]string{"before": before, "after": b.cookies["access_token"]} {
					parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(algorithm)})
					if err != nil {
						t.Fatal(err)
					}
					var claims jwt.Claims
					if err := parsed.Claims(keys, &claims); err != nil {
						t.Fatalf("a token from %s the rotation: %v", what, err)
					}
					expected := jwt.Expected{Issuer: "https://login.example.test", AnyAudience: jwt.Audience{"shop"}, Time: f.clock.Now()}
					if err := claims.ValidateWithLeeway(expected, 0); err != nil || claims.Subject == "" {
						t.Errorf("a token from %s the rotation: %+v, %v", what, claims, err)
					}
				}
				for _, key := range keys.Keys {
					thumbprint, err := key.Thumbprint(5) // SHA-256
					if err != nil || encode(string(thumbprint)) != key.KeyID {
						t.Errorf("the kid %s is not the thumbprint (RFC 7638): %v", key.KeyID, err)
					}
				}
			})
		})
	}
}

func TestPublicKeysAreFetchedAgainOnlyWhenTheyHaveChanged(t *testing.T) {
	t.Parallel()
	f := start(t, signing(authn.AlgorithmEdDSA))
	f.openKeys(t)
	ask := func(tag string) answer {
		r := request{method: "GET", path: "/.well-known/jwks.json"}
		if tag != "" {
			r.header = map[string]string{"If-None-Match": tag}
		}
		return f.send(r)
	}
	tag := ask("").want(t, http.StatusOK).header.Get("ETag")
	for _, known := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
		if a := ask(known); a.status != http.StatusNotModified || len(a.body) != 0 || a.header.Get("ETag") != tag {
			t.Errorf("If-None-Match %s: got %s", known, a)
		}
	}
	ask(`"x"`).want(t, http.StatusOK)
	f.rotateKey(t)
	if a := ask(tag).want(t, http.StatusOK); a.header.Get("ETag") == tag {
		t.Error("the tag is the same, and the keys are not")
	}
	f.clock.advance(accessTTL + time.Hour)
	if a := ask("").want(t, http.StatusOK); strings.Count(string(a.body), `"kid"`) != 1 {
		t.Errorf("a key that is over is published: %s", a.body)
	}
}

func TestSecretKeysAreNotPublished(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.openKeys(t)
	if a := f.send(request{method: "GET", path: "/.well-known/jwks.json"}).want(t, http.StatusOK); string(a.body) != "{\"keys\":[]}\n" {
		t.Errorf("got %s", a.body)
	}
	a := f.send(request{method: "GET", path: "/.well-known/openid-configuration"}).want(t, http.StatusNotFound, "not_found")
	if !strings.Contains(string(a.body), "server.public_url") {
		t.Errorf("it does not say what to do: %s", a.body)
	}
}
