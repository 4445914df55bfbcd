package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// logoutWith signs out with the Authorization header, and with cookies if there are any.
func (f *fixture) logoutWith(token, cookies string) answer {
	f.t.Helper()
	return f.send(request{method: "POST", path: "/logout", header: map[string]string{"Authorization": "Bearer " + token}, cookies: cookies})
}

func TestLogoutWithABearerTokenEndsItsSession(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start()
		b, other := f.signedIn("alice"), f.browser()
		other.post("/login", account("alice", password)).want(t, http.StatusOK)
		access := b.cookies["access_token"]
		who, err := f.svc.Verify(access)
		if err != nil {
			t.Fatal(err)
		}
		if a := f.logoutWith(access, "").want(t, http.StatusOK); len(setCookies(a)) != 0 {
			t.Errorf("it touched cookies that did not come: %s", a)
		}
		f.profile(access).want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)
		f.send(request{method: "GET", path: "/verify", header: map[string]string{"Authorization": "Bearer " + access}}).
			want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)
		f.refused(t, b.token(), authn.CodeUnauthenticated)
		other.get("/profile").want(t, http.StatusOK)
		other.post("/refresh", "").want(t, http.StatusOK)
		f.logoutWith(access, "").want(t, http.StatusOK) // an answer may get lost, and what is asked for holds

		e, err := f.store.Ending(t.Context(), uuid.Nil, who.SessionID(), time.Time{})
		if err != nil || e.Action != store.ActionLogout || e.Actor != "session:"+who.SessionID().String() {
			t.Errorf("the trail has %+v, %v", e, err)
		}
		feed, err := f.store.Revocations(t.Context(), "", time.Time{})
		if err != nil || !slices.ContainsFunc(feed.Entries, func(r store.Revocation) bool { return r.SessionID == who.SessionID() }) {
			t.Errorf("other servers do not hear of it: %+v, %v", feed.Entries, err)
		}
	})
}

func TestLogoutWithABadBearerTokenIsRefusedAndEndsNothing(t *testing.T) {
	t.Parallel()
	f := start(t)
	b := f.signedIn("alice")
	access := b.cookies["access_token"]
	for name, token := range map[string]string{
		"garbage":           "garbage",
		"nothing":           "",
		"two tokens":        access + "," + access,
		"a forged one":      forgedEnd(access),
		"the refresh token": b.token(),
	} {
		t.Run(name, func(t *testing.T) {
			a := f.logoutWith(token, "").want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
			if len(setCookies(a)) != 0 || a.header.Get("Clear-Site-Data") != "" || a.header.Get("Www-Authenticate") == "" {
				t.Errorf("got %s", a)
			}
		})
	}
	b.get("/profile").want(t, http.StatusOK)
	// An expired token is refused, as everywhere: its owner refreshes it, or signs out with the
	// cookies.
	f.clock.advance(accessTTL + time.Second)
	f.logoutWith(access, "").want(t, http.StatusUnauthorized, authn.CodeTokenExpired)
	b.post("/refresh", "").want(t, http.StatusOK)
	// Authorization of another scheme belongs to a proxy. authctl ignores it.
	a := f.send(request{method: "POST", path: "/logout", header: map[string]string{"Authorization": "Basic YTpi"}, cookies: "refresh_token=" + b.token()})
	a.want(t, http.StatusOK)
	f.refused(t, b.token(), authn.CodeUnauthenticated)
}

// TestLogoutWithBothEndsTheSessionsOfBoth: with a bad header the sessions of the cookies end,
// and the answer says that the header ended nothing.
func TestLogoutWithBothEndsTheSessionsOfBoth(t *testing.T) {
	t.Parallel()
	f := start(t)
	b, other := f.signedIn("alice"), f.signedIn("bob")
	cookies := "access_token=" + b.cookies["access_token"] + "; refresh_token=" + b.token()
	a := f.logoutWith(other.cookies["access_token"], cookies).want(t, http.StatusOK)
	if !a.cleared() {
		t.Errorf("the cookies are left: %s", a)
	}
	f.refused(t, b.token(), authn.CodeUnauthenticated)
	f.refused(t, other.token(), authn.CodeUnauthenticated)

	b.post("/login", account("alice", password)).want(t, http.StatusOK)
	a = f.logoutWith("garbage", "refresh_token="+b.token()).want(t, http.StatusUnauthorized, authn.CodeUnauthenticated)
	if got := a.clears(); len(got) != 1 || got[0] != "refresh_token" || !strings.Contains(string(a.body), "the cookies were cleared") {
		t.Errorf("got %s", a)
	}
	f.refused(t, b.token(), authn.CodeUnauthenticated)
}

func TestLogoutWithABearerTokenDuringAnOutageIsCarriedOutLater(t *testing.T) {
	t.Parallel()
	f, st := startFailing(t)
	b := f.signedIn("alice")
	access := b.cookies["access_token"]
	st.fail(store.ErrUnavailable)
	a := f.logoutWith(access, "").want(t, http.StatusServiceUnavailable, authn.CodeUnavailable)
	if strings.Contains(string(a.body), "the cookies") || !strings.Contains(string(a.body), "as soon as the database answers again") {
		t.Errorf("it speaks of cookies that did not come: %s", a)
	}
	f.profile(access).want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)
	st.fail(nil)
	if err := f.svc.Cluster.FinishLogouts(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.refused(t, b.token(), authn.CodeUnauthenticated)
}
