package server_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// TestHostileAccessToken sends texts that are not valid access tokens to every endpoint that
// reads one. The cases for each part of a token and each algorithm are in authn.
func TestHostileAccessToken(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]func(*testing.T){
		"a token that is not ours":      tokensThatAreNotOurs,
		"a token of 1 MB":               tokensOfAMegabyte,
		"a token in another place":      tokensInAnotherPlace,
		"two tokens, and quoted ones":   twoAccessTokens,
		"an Authorization that is none": authorizationThatIsNone,
		"a token whose time has passed": tokensOfThePast,
		"a token of before a restart":   tokensOfBeforeARestart,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row(t)
		})
	}
}

func tokensThatAreNotOurs(t *testing.T) {
	f := start(t)
	b := f.signedIn("alice")
	good := b.cookies["access_token"]
	parts := strings.Split(good, ".")
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(good, claims); err != nil {
		t.Fatal(err)
	}
	header := map[string]any{"typ": "at+jwt", "kid": f.svc.Keys.SigningID()}
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
		"alg missing":           sign(encode(`{"typ":"at+jwt","kid":"`+f.svc.Keys.SigningID()+`"}`) + "." + parts[1]),
		"alg a list":            sign(encode(`{"alg":["HS256"],"typ":"at+jwt","kid":"`+f.svc.Keys.SigningID()+`"}`) + "." + parts[1]),
		"alg twice":             sign(encode(`{"alg":"none","alg":"HS256","typ":"at+jwt","kid":"`+f.svc.Keys.SigningID()+`"}`) + "." + parts[1]),
		"jku":                   forge(jwt.SigningMethodHS256, []byte(secret), map[string]any{"typ": "at+jwt", "kid": f.svc.Keys.SigningID(), "jku": "http://evil.test"}, nil),
		"no kid":                forge(jwt.SigningMethodHS256, []byte(secret), map[string]any{"typ": "at+jwt"}, nil),
		"nbf in the future":     ours(jwt.MapClaims{"nbf": now.Add(5 * time.Minute).Unix()}),
		"an audience":           ours(jwt.MapClaims{"aud": []string{"authctl", "x"}}),
		"sid of nobody":         ours(jwt.MapClaims{"sid": "not an id"}),
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
		"no typ":                forge(jwt.SigningMethodHS256, []byte(secret), map[string]any{"kid": f.svc.Keys.SigningID(), "typ": "jwt"}, nil),
		"unknown kid":           forge(jwt.SigningMethodHS256, []byte(secret), map[string]any{"typ": "at+jwt", "kid": "../../dev/null"}, nil),
		"crit":                  forge(jwt.SigningMethodHS256, []byte(secret), map[string]any{"typ": "at+jwt", "kid": f.svc.Keys.SigningID(), "crit": []string{"x"}}, nil),
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
		t.Run(name, func(t *testing.T) {
			for _, r := range []request{
				{method: "GET", path: "/profile"}, {method: "GET", path: "/verify"}, {method: "GET", path: "/sessions"},
				{method: "DELETE", path: "/sessions"}, {method: "DELETE", path: "/sessions/0b7e3c52-6f0d-4a55-9f0c-2f6f0f1c9a11"},
			} {
				if r.path != "/profile" && name == "sub of nobody" {
					continue // only the profile asks who that is
				}
				r.cookies = "access_token=" + token
				if a := f.send(r).want(t, http.StatusUnauthorized); len(setCookies(a)) != 0 {
					t.Errorf("%s %s: got %s, want a plain 401", r.method, r.path, a)
				}
			}
		})
	}
}

// tokensOfAMegabyte are refused by their size: a header has 16 KiB.
func tokensOfAMegabyte(t *testing.T) {
	f := start(t)
	for name, token := range map[string]string{"dots": strings.Repeat(".", 1<<20), "letters": strings.Repeat("A", 1<<20)} {
		for _, header := range []string{"Cookie: access_token=", "Authorization: Bearer "} {
			t.Run(name+" in "+header[:6], func(t *testing.T) {
				if a := f.cutShort(t, "GET /profile HTTP/1.1\r\nHost: x\r\n"+header+token+"\r\n\r\n"); a.status != http.StatusRequestHeaderFieldsTooLarge {
					t.Errorf("got %s, want 431", a)
				}
			})
		}
	}
	if n := len(f.logged("request started")); n != 0 {
		t.Errorf("%d requests reached a handler", n)
	}
}

func tokensInAnotherPlace(t *testing.T) {
	f := start(t)
	b := f.signedIn("alice")
	access, refresh := b.cookies["access_token"], b.cookies["refresh_token"]
	for name, r := range map[string]request{
		"query":             {path: "/profile?access_token=" + access},
		"header":            {path: "/profile", header: map[string]string{"X-Auth-Token": access, "X-Access-Token": access}},
		"basic":             {path: "/profile", header: map[string]string{"Authorization": "Basic " + access}},
		"no scheme":         {path: "/profile", header: map[string]string{"Authorization": access}},
		"proxy's header":    {path: "/profile", header: map[string]string{"Proxy-Authorization": "Bearer " + access}},
		"other name":        {path: "/profile", cookies: "Access_Token=" + access},
		"prefixed name":     {path: "/profile", cookies: "__Host-access_token=" + access},
		"swapped":           {path: "/profile", cookies: "access_token=" + refresh},
		"refresh as access": {path: "/profile", cookies: "refresh_token=" + access},
		"a claim of a name": {path: "/profile", header: map[string]string{"X_Forwarded_User": "alice", "X-Forwarded-User": "alice", "X-Auth-User-Id": "alice"}},
		"a body":            {path: "/profile", method: "GET", body: `{"access_token":"` + access + `"}`},
	} {
		t.Run(name, func(t *testing.T) {
			r.method = "GET"
			f.send(r).want(t, http.StatusUnauthorized)
		})
	}
	b.get("/profile").want(t, http.StatusOK)
}

// twoAccessTokens: of two cookies with one name an attacker may have planted one, and the
// server cannot tell which.
func twoAccessTokens(t *testing.T) {
	f := start(t)
	good := f.signedIn("alice").cookies["access_token"]
	for name, cookies := range map[string][]string{
		"planted after":    {"access_token=" + good + "; access_token=planted"},
		"planted before":   {"access_token=planted; access_token=" + good},
		"planted, empty":   {"access_token=; access_token=" + good},
		"the same twice":   {"access_token=" + good + "; access_token=" + good},
		"quoted":           {`access_token="` + good + `"`},
		"two header lines": {"access_token=" + good, "access_token=planted"},
	} {
		t.Run(name, func(t *testing.T) {
			req, err := http.NewRequest("GET", "http://"+f.addr+"/profile", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header["Cookie"] = cookies
			if a := f.do(req).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated); len(setCookies(a)) != 0 {
				t.Errorf("got cookies: %s", a)
			}
		})
	}
}

func authorizationThatIsNone(t *testing.T) {
	f := start(t)
	access := f.signedIn("alice").cookies["access_token"]
	for name, value := range map[string]string{
		"the scheme alone": "Bearer", "and a space": "Bearer ", "lower case alone": "bearer", "two tokens": "Bearer " + access + " " + access,
		"a list": "Bearer " + access + "," + access, "two words": "Bearer  x y", "a tab between": "Bearer x\ty", "quoted": `Bearer "` + access + `"`,
		"a parameter": "Bearer token=" + access, "garbage": "Bearer \x80\xff",
	} {
		t.Run(name, func(t *testing.T) {
			// A good cookie does not help a request that also sends a bad header.
			f.send(request{method: "GET", path: "/profile", cookies: "access_token=" + access, header: map[string]string{"Authorization": value}}).
				want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
		})
	}
	t.Run("two headers", func(t *testing.T) {
		a := f.raw(t, "GET /profile HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+access+"\r\nAuthorization: Bearer "+access+"\r\nConnection: close\r\n\r\n")
		a.want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
	})
	t.Run("NUL", func(t *testing.T) {
		if a := f.cutShort(t, "GET /profile HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\x00b\r\n\r\n"); a.status != http.StatusBadRequest {
			t.Errorf("got %s, want 400", a)
		}
	})
}

// tokensOfThePast were valid until the session or the user changed.
func tokensOfThePast(t *testing.T) {
	f := start(t)
	operator := authn.Actor{Name: "cli:test"}
	for i, tt := range []struct {
		name   string
		happen func(name string) error
		code   authn.Code
	}{
		{"revoked, the user's", func(name string) error {
			user, err := f.svc.User(t.Context(), name)
			if err == nil {
				_, err = f.svc.EndSessions(t.Context(), operator, store.OfUser(user.ID))
			}
			return err
		}, authn.CodeSessionRevoked},
		{"revoked, everybody's", func(string) error { _, err := f.svc.EndSessions(t.Context(), operator, store.Everyone()); return err }, authn.CodeSessionRevoked},
		{"a new password", func(name string) error {
			_, err := f.svc.SetPassword(t.Context(), operator, name, password)
			return err
		}, authn.CodeSessionRevoked},
		{"disabled", func(name string) error { _, err := f.svc.DisableUser(t.Context(), operator, name); return err }, authn.CodeSessionRevoked},
		{"deleted", func(name string) error { _, err := f.svc.DeleteUser(t.Context(), operator, name); return err }, authn.CodeSessionRevoked},
		{"expired", func(string) error { f.clock.advance(accessTTL); return nil }, authn.CodeTokenExpired},
	} {
		t.Run(tt.name, func(t *testing.T) {
			name := "user" + string(rune('a'+i))
			access := f.signedIn(name).cookies["access_token"]
			f.profile(access).want(t, http.StatusOK)
			if err := tt.happen(name); err != nil {
				t.Fatal(err)
			}
			f.profile(access).want(t, http.StatusUnauthorized, tt.code)
			f.clock.advance(-time.Hour) // a clock that is put back brings none of them back
			defer f.clock.advance(time.Hour)
			f.profile(access).want(t, http.StatusUnauthorized)
		})
	}
}

// tokensOfBeforeARestart stay valid after a restart with the same secret.
func tokensOfBeforeARestart(t *testing.T) {
	f := start(t)
	b := f.signedIn("alice")
	access := b.cookies["access_token"]
	same := start(t, func(s *setup) { s.store = f.store })
	same.profile(access).want(t, http.StatusOK)
	other := start(t, func(s *setup) { s.authn.Secret = "5d1f0c7b9e2a48163f7d0b5c8a94e6217be0d35f1c86a94270e5b3d8f61c2a97" })
	other.profile(access).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// sign returns a token with a valid signature over any content.
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
