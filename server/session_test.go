package server_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/authctl/authctl/authn"
)

func TestAnAccountRegistersSignsInRefreshesAndSignsOut(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start()
		b := f.browser()
		registered := b.post("/register", account("Alice", password)).want(t, http.StatusCreated)
		if len(b.cookies) != 0 {
			t.Error("registering set cookies")
		}
		b.get("/profile").want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)

		login := b.post("/login", account("ALICE", password)).want(t, http.StatusOK)
		if got := slices.Sorted(maps.Keys(b.cookies)); !slices.Equal(got, []string{"access_token", "refresh_token"}) {
			t.Fatalf("login set %v", got)
		}
		profile := b.get("/profile").want(t, http.StatusOK)
		user, inProfile := bytes.TrimSpace(registered.body), []byte(`,"email":null,"email_verified":false,"roles":[],"claims":{}}`)
		if !bytes.Equal(bytes.TrimSpace(profile.body), slices.Concat(bytes.TrimSuffix(user, []byte("}")), inProfile)) {
			t.Errorf("profile says %s, register said %s", profile.body, registered.body)
		}
		var grant struct {
			User             json.RawMessage
			AccessExpiresAt  time.Time `json:"access_expires_at"`
			RefreshExpiresAt time.Time `json:"refresh_expires_at"`
		}
		if err := json.Unmarshal(login.body, &grant); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(grant.User, user) || !grant.AccessExpiresAt.Equal(f.clock.Now().Add(accessTTL)) ||
			!grant.RefreshExpiresAt.Equal(f.clock.Now().Add(refreshTTL)) {
			t.Errorf("login says %s", login.body)
		}

		before := maps.Clone(b.cookies)
		f.clock.advance(accessTTL + time.Second)
		b.get("/profile").want(t, http.StatusUnauthorized, authn.CodeTokenExpired)
		b.post("/refresh", "").want(t, http.StatusOK)
		if b.cookies["access_token"] == before["access_token"] || b.token() == before["refresh_token"] {
			t.Error("refreshing did not replace both tokens")
		}
		b.get("/profile").want(t, http.StatusOK)

		last := maps.Clone(b.cookies)
		a := b.post("/logout", "").want(t, http.StatusOK)
		if string(a.body) != "{}\n" || !a.cleared() || a.header.Get("Clear-Site-Data") != `"cache","storage"` {
			t.Errorf("logout answered %s", a)
		}
		f.profile(last["access_token"]).want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)
		f.refresh(last["refresh_token"]).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
		b.post("/logout", "").want(t, http.StatusOK)
	})
}

func TestARegistrationIsRefusedForItsOwnReasons(t *testing.T) {
	t.Parallel()
	f := start(t)
	register := func(username, password string) answer {
		return f.send(request{method: "POST", path: "/register", body: account(username, password)})
	}
	register("alice", password).want(t, http.StatusCreated)
	register("ALICE", password).want(t, http.StatusConflict, authn.CodeUsernameTaken)
	register("bob", "short").want(t, http.StatusUnprocessableEntity, authn.CodeWeakPassword)
	register("", password).want(t, http.StatusUnprocessableEntity, authn.CodeInvalidUsername)
	register("a b", password).want(t, http.StatusUnprocessableEntity, authn.CodeInvalidUsername)

	closed := start(t, func(s *setup) { s.authn.RegistrationClosed = true })
	closed.send(request{method: "POST", path: "/register", body: account("alice", password)}).
		want(t, http.StatusForbidden, authn.CodeRegistrationClosed)
}
