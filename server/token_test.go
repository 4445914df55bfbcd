package server_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/authctl/authctl/authn"
)

func TestOnlyAnAccessTokenOfOursOpensTheProfile(t *testing.T) {
	t.Parallel()
	f := start(t)
	b := f.signedIn("alice")
	good := b.cookies["access_token"]
	parts := strings.Split(good, ".")
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(good, claims); err != nil {
		t.Fatal(err)
	}
	header := map[string]any{"typ": "at+jwt", "kid": f.svc.KeyID()}
	forge := func(method jwt.SigningMethod, key any, header map[string]any, change jwt.MapClaims) string {
		token := jwt.NewWithClaims(method, jwt.MapClaims{})
		for name, value := range header {
			token.Header[name] = value
		}
		forged := token.Claims.(jwt.MapClaims)
		for name, value := range claims {
			forged[name] = value
		}
		for name, value := range change {
			if forged[name] = value; value == nil {
				delete(forged, name)
			}
		}
		s, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	ours := func(change jwt.MapClaims) string {
		return forge(jwt.SigningMethodHS256, []byte(secret), header, change)
	}
	now := f.clock.Now()

	f.profile(good).want(t, http.StatusOK)
	f.profile(ours(nil)).want(t, http.StatusOK) // so that the rows below fail for their own reasons

	for name, token := range map[string]string{
		"empty":                 "",
		"null":                  "null",
		"undefined":             "undefined",
		"one part":              parts[0],
		"two parts":             parts[0] + "." + parts[1],
		"four parts":            good + ".x",
		"five parts":            good + ".x.y",
		"dots":                  strings.Repeat(".", 6000),
		"10 kB":                 strings.Repeat("a", 10_000),
		"no signature":          parts[0] + "." + parts[1] + ".",
		"malleable signature":   malleable(good),
		"padded":                good + "=",
		"none":                  forge(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, header, nil),
		"None":                  encode(`{"alg":"None","typ":"at+jwt"}`) + "." + parts[1] + ".",
		"another key":           forge(jwt.SigningMethodHS256, []byte(strings.Repeat("k", 64)), header, nil),
		"another algorithm":     forge(jwt.SigningMethodHS512, []byte(secret), header, nil),
		"no typ":                forge(jwt.SigningMethodHS256, []byte(secret), map[string]any{"kid": f.svc.KeyID(), "typ": "JWT"}, nil),
		"unknown kid":           forge(jwt.SigningMethodHS256, []byte(secret), map[string]any{"typ": "at+jwt", "kid": "../../dev/null"}, nil),
		"crit":                  forge(jwt.SigningMethodHS256, []byte(secret), map[string]any{"typ": "at+jwt", "kid": f.svc.KeyID(), "crit": []string{"x"}}, nil),
		"no exp":                ours(jwt.MapClaims{"exp": nil}),
		"exp as a string":       ours(jwt.MapClaims{"exp": "9999999999"}),
		"exp far away":          ours(jwt.MapClaims{"exp": 1e18}),
		"exp beyond its life":   ours(jwt.MapClaims{"exp": now.Add(365 * 24 * time.Hour).Unix()}),
		"exp negative":          ours(jwt.MapClaims{"exp": -1}),
		"iat in the future":     ours(jwt.MapClaims{"iat": now.Add(5 * time.Minute).Unix()}),
		"wrong iss":             ours(jwt.MapClaims{"iss": "somebody else"}),
		"no sub":                ours(jwt.MapClaims{"sub": nil}),
		"sub of nobody":         ours(jwt.MapClaims{"sub": "0b7e3c52-6f0d-4a55-9f0c-2f6f0f1c9a11", "user_id": "0b7e3c52-6f0d-4a55-9f0c-2f6f0f1c9a11"}),
		"sub of SQL":            ours(jwt.MapClaims{"sub": "' OR 1=1 --"}),
		"no sid":                ours(jwt.MapClaims{"sid": nil}),
		"an older generation":   ours(jwt.MapClaims{"gen": []int{-1, -1}}),
		"payload of an array":   sign(parts[0] + "." + encode(`[]`)),
		"payload of no JSON":    sign(parts[0] + "." + encode(`{`)),
		"the refresh token":     b.token(),
		"JSON serialised":       `{"payload":"` + parts[1] + `"}`,
		"whitespace in the end": good + "%0a",
	} {
		a := f.profile(token)
		if a.status != http.StatusUnauthorized || len(setCookies(a)) != 0 {
			t.Errorf("%s: got %s, want a plain 401", name, a)
		}
	}
	f.clock.advance(accessTTL)
	f.profile(good).want(t, http.StatusUnauthorized, authn.CodeTokenExpired)
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// sign puts a good signature to anything.
func sign(signing string) string {
	mac, err := jwt.SigningMethodHS256.Sign(signing, []byte(secret))
	if err != nil {
		panic(err)
	}
	return signing + "." + base64.RawURLEncoding.EncodeToString(mac)
}

// malleable spells the same signature bytes another way: 32 bytes leave two bits
// of the last character unused.
func malleable(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + string(alphabet[last^1])
}
