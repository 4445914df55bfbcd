package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
)

// TestGoOIDCTakesOurTokens: go-oidc finds the keys and the algorithms from the issuer alone,
// as oauth2-proxy and other programs do.
func TestGoOIDCTakesOurTokens(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{authn.AlgorithmEdDSA, authn.AlgorithmES256, authn.AlgorithmRS256} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			f := start(t, signing(algorithm))
			f.openKeys(t)
			token := f.signedIn("alice").cookies["access_token"]
			ctx := oidc.ClientContext(t.Context(), &http.Client{Transport: answeredBy(f.srv.Handler().ServeHTTP)})
			provider, err := oidc.NewProvider(ctx, "https://login.example.test")
			if err != nil {
				t.Fatal(err)
			}
			verifier := provider.VerifierContext(ctx, &oidc.Config{ClientID: "shop", Now: f.clock.Now})
			got, err := verifier.Verify(ctx, token)
			if err != nil || got.Subject == "" || got.Audience[0] != "shop" {
				t.Fatalf("got %+v, %v", got, err)
			}
			if _, err := verifier.Verify(ctx, forgedEnd(token)); err == nil {
				t.Error("a forged token was taken")
			}
			other := provider.VerifierContext(ctx, &oidc.Config{ClientID: "another", Now: f.clock.Now})
			if _, err := other.Verify(ctx, token); err == nil {
				t.Error("a token for another audience was taken")
			}
		})
	}
}

// answeredBy sends requests to a handler, whatever host they are for.
type answeredBy func(http.ResponseWriter, *http.Request)

func (h answeredBy) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h(w, r)
	return w.Result(), nil
}

// forgedEnd changes a character in the middle of the signature.
func forgedEnd(token string) string {
	at := strings.LastIndexByte(token, '.') + 20
	c := "A"
	if token[at] == 'A' {
		c = "B"
	}
	return token[:at] + c + token[at+1:]
}

// TestTheDiscoveryDocumentNamesTheAlgorithmsOfTheTokensThatAreGood: a verifier that finds no
// algorithms accepts only RS256.
func TestTheDiscoveryDocumentNamesTheAlgorithmsOfTheTokensThatAreGood(t *testing.T) {
	t.Parallel()
	for _, algorithm := range authn.Algorithms() {
		f := start(t, signing(algorithm))
		f.openKeys(t)
		a := f.send(request{method: "GET", path: "/.well-known/openid-configuration"}).want(t, http.StatusOK)
		if want := `"id_token_signing_alg_values_supported":["` + algorithm + `"]`; !strings.Contains(string(a.body), want) {
			t.Errorf("got %s, want %s", a.body, want)
		}
	}
}

// TestBothDiscoveryDocumentsAreTheSameAndNameNothingThatDoesNotExist also holds that what OpenID
// Connect Discovery demands of every document is there, except for the endpoints of a provider.
func TestBothDiscoveryDocumentsAreTheSameAndNameNothingThatDoesNotExist(t *testing.T) {
	t.Parallel()
	f := start(t, signing(authn.AlgorithmES256))
	f.openKeys(t)
	a := f.send(request{method: "GET", path: "/.well-known/openid-configuration"}).want(t, http.StatusOK)
	b := f.send(request{method: "GET", path: "/.well-known/oauth-authorization-server"}).want(t, http.StatusOK)
	const want = `{"issuer":"https://login.example.test","jwks_uri":"https://login.example.test/.well-known/jwks.json",` +
		`"id_token_signing_alg_values_supported":["ES256"],"subject_types_supported":["public"],` +
		`"token_endpoint":"https://login.example.test/token","grant_types_supported":["client_credentials"],` +
		`"token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"]}` + "\n"
	if string(a.body) != want || string(b.body) != want || a.header.Get("ETag") != b.header.Get("ETag") {
		t.Errorf("got %s and %s, want %s", a, b, want)
	}
}

// TestVerifiersHaveALimitOfTheirOwn: a verifier that fetches the keys for each request keeps no user
// from its profile, and users keep no verifier from the keys.
func TestVerifiersHaveALimitOfTheirOwn(t *testing.T) {
	t.Parallel()
	once := server.Rate{Count: 1, Per: time.Hour, Burst: 1}
	f := start(t, signing(authn.AlgorithmES256), func(s *setup) { s.server.Limits = server.Limits{Keys: once, Other: once} })
	f.openKeys(t)
	get := func(path string) answer { return f.send(request{method: "GET", path: path}) }
	get("/openapi.json").want(t, http.StatusOK)
	get("/openapi.json").want(t, http.StatusTooManyRequests, authn.CodeRateLimited)
	get("/.well-known/jwks.json").want(t, http.StatusOK)
	for _, path := range []string{"/.well-known/jwks.json", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		get(path).want(t, http.StatusTooManyRequests, authn.CodeRateLimited)
	}
}

// TestEveryAccessTokenHasAnIDOfItsOwnAndAClient: two tokens of one session and one second also
// have different ids.
func TestEveryAccessTokenHasAnIDOfItsOwnAndAClient(t *testing.T) {
	t.Parallel()
	for want, names := range map[string][3]string{ // issuer, audience, client id
		"shop":     {"https://login.example.test", "shop", ""},
		"authctl":  {"authctl", "", ""},
		"nobody":   {"nobody", authn.AudienceNone, ""},
		"checkout": {"https://login.example.test", "shop", "checkout"},
	} {
		f := start(t, func(s *setup) { s.authn.Issuer, s.authn.Audience, s.authn.ClientID = names[0], names[1], names[2] })
		b := f.signedIn("alice")
		seen := map[any]bool{}
		for range 3 {
			var claims jwt.MapClaims = map[string]any{}
			if _, _, err := jwt.NewParser().ParseUnverified(b.cookies["access_token"], claims); err != nil {
				t.Fatal(err)
			}
			if id, ok := claims["jti"].(string); !ok || len(id) != 20 || seen[id] || claims["client_id"] != want {
				t.Errorf("got the jti %v and the client_id %v, want another jti and %s", claims["jti"], claims["client_id"], want)
			}
			seen[claims["jti"]] = true
			b.get("/profile").want(t, http.StatusOK)
			b.post("/refresh", "").want(t, http.StatusOK)
		}
	}
}
