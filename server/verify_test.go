package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/authctl/authctl/authn"
)

func TestVerifySaysWhoseRequestItIs(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start()
		b := f.signedIn("Zoë%1")
		access := b.cookies["access_token"]
		for name, r := range map[string]request{
			"cookie":           {cookies: "access_token=" + access},
			"bearer":           {header: map[string]string{"Authorization": "Bearer " + access}},
			"BEARER":           {header: map[string]string{"Authorization": "BEARER   " + access}},
			"both":             {header: map[string]string{"Authorization": "Bearer " + access}, cookies: "access_token=planted; access_token=twice"},
			"behind basic":     {header: map[string]string{"Authorization": "Basic dXNlcjpwYXNz"}, cookies: "access_token=" + access},
			"forged headers":   {header: map[string]string{"X-Auth-User-Id": "root", "X-Auth-Username": "root"}, cookies: "access_token=" + access},
			"as Envoy asks":    {method: "POST", path: "/verify/shop/basket?x=y", body: `not JSON`, cookies: "access_token=" + access, header: map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://shop.example"}},
			"as Traefik would": {method: "DELETE", cookies: "access_token=" + access, header: map[string]string{"X-Forwarded-Method": "DELETE"}},
		} {
			if r.method == "" {
				r.method = "GET"
			}
			if r.path == "" {
				r.path = "/verify"
			}
			a := f.send(r).want(t, http.StatusOK)
			if a.header.Get("X-Auth-User-Id") == "root" || a.header.Get("X-Auth-Username") != "Zo%C3%AB%251" || len(setCookies(a)) != 0 {
				t.Errorf("%s: got %s", name, a)
			}
			for _, header := range []string{"X-Auth-User-Id", "X-Auth-Session-Id"} {
				if _, err := uuid.Parse(a.header.Get(header)); err != nil {
					t.Errorf("%s: %s: %v", name, header, err)
				}
			}
		}
		for name, header := range map[string]string{
			"nothing": "Bearer", "a space": "Bearer ", "two": "Bearer x y", "a list": "Bearer " + access + ",x", "garbage": "Bearer x",
			"a tab": "Bearer " + access + "\t", "the refresh token": "Bearer " + b.token(),
		} {
			a := f.send(request{method: "GET", path: "/verify", header: map[string]string{"Authorization": header}, cookies: "access_token=" + access})
			if name == "a tab" && a.status == http.StatusOK {
				continue // net/http trims values
			}
			a.want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
			if a.header.Get("X-Auth-User-Id") != "" || a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s: got %s", name, a)
			}
		}
		f.send(request{method: "GET", path: "/profile", header: map[string]string{"Authorization": "Bearer " + access}}).want(t, http.StatusOK)
		b.post("/logout", "").want(t, http.StatusOK)
		f.send(request{method: "GET", path: "/verify", cookies: "access_token=" + access}).want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)
	})
}

// TestVerifyWaitsForNoBody sends the length of a body that never comes.
func TestVerifyWaitsForNoBody(t *testing.T) {
	t.Parallel()
	f := start(t)
	b := f.signedIn("alice")
	a := f.raw(t, "POST /verify HTTP/1.1\r\nHost: x\r\nCookie: access_token="+b.cookies["access_token"]+"\r\nContent-Length: 5\r\n\r\n")
	if a.status != http.StatusOK || a.header.Get("Connection") != "close" {
		t.Errorf("got %s", a)
	}
}

func TestVerifyAsksNoDatabase(t *testing.T) {
	t.Parallel()
	f := start(t)
	b := f.signedIn("alice")
	f.store.Close()
	b.get("/verify").want(t, http.StatusOK)
	b.get("/readyz").want(t, http.StatusServiceUnavailable)
}

func TestAServerThatHasNotReadTheFeedVouchesForNobody(t *testing.T) {
	t.Parallel()
	f := start(t, func(s *setup) { s.blind = true })
	b := f.signedIn("alice")
	for _, path := range []string{"/verify", "/profile", "/sessions", "/readyz"} {
		a := b.get(path).want(t, http.StatusServiceUnavailable, authn.CodeUnavailable)
		if a.header.Get("Retry-After") == "" || len(setCookies(a)) != 0 {
			t.Errorf("%s: got %s", path, a)
		}
	}
}

// own lists the sessions that a browser sees.
func (b *browser) own(t testing.TB) (current string, others []string) {
	t.Helper()
	var list struct {
		Sessions []struct {
			SessionID string `json:"session_id"`
			Current   bool   `json:"current"`
		} `json:"sessions"`
	}
	if err := json.Unmarshal(b.get("/sessions").want(t, http.StatusOK).body, &list); err != nil {
		t.Fatal(err)
	}
	for _, s := range list.Sessions {
		if s.Current {
			current = s.SessionID
		} else {
			others = append(others, s.SessionID)
		}
	}
	return current, others
}

func TestUsersSeeAndEndTheirOwnSessions(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start()
		laptop, stranger := f.signedIn("alice"), f.signedIn("bob")
		phone, tablet := f.browser(), f.browser()
		for _, b := range []*browser{phone, tablet} {
			b.post("/login", account("alice", password)).want(t, http.StatusOK)
		}
		current, others := laptop.own(t)
		if current == "" || len(others) != 2 {
			t.Fatalf("got %q and %q, want one and two", current, others)
		}
		theirs, _ := stranger.own(t)
		end := func(b *browser, id string) answer {
			t.Helper()
			return b.send(request{method: "DELETE", path: "/sessions/" + id})
		}
		for _, id := range []string{theirs, "0b7e3c52-6f0d-4a55-9f0c-2f6f0f1c9a11", "x", "urn:uuid:" + others[0]} {
			end(laptop, id).want(t, http.StatusNotFound, authn.CodeSessionNotFound)
		}
		stranger.get("/profile").want(t, http.StatusOK)

		phones, _ := phone.own(t)
		end(laptop, phones).want(t, http.StatusOK)
		phone.get("/verify").want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)
		phone.post("/refresh", "").want(t, http.StatusUnauthorized)
		end(laptop, phones).want(t, http.StatusNotFound, authn.CodeSessionNotFound)
		for _, cursor := range []string{"x", "AAAA", strings.Repeat("A", 33), strings.Repeat("_", 32), "%00", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="} {
			laptop.get("/sessions?cursor="+cursor).want(t, http.StatusBadRequest, authn.CodeInvalidRequest)
		}
		laptop.send(request{method: "DELETE", path: "/sessions"}).want(t, http.StatusOK)
		tablet.get("/verify").want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)
		laptop.get("/verify").want(t, http.StatusOK)
		if _, others := laptop.own(t); len(others) != 0 {
			t.Errorf("%q are left", others)
		}
		end(laptop, current).want(t, http.StatusOK)
		laptop.get("/sessions").want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)
		end(f.browser(), theirs).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
		end(f.browser(), "x").want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)

		for _, path := range []string{"/sessions", "/sessions/" + theirs} {
			for _, header := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}} {
				stranger.send(request{method: "DELETE", path: path, header: header}).want(t, http.StatusForbidden, "cross_origin")
			}
		}
		stranger.get("/verify").want(t, http.StatusOK)
	})
}
