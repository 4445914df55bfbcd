package server_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// refused presents a token and wants the cookies taken away with the 401.
func (f *fixture) refused(t *testing.T, token string, code authn.Code) {
	t.Helper()
	if a := f.refresh(token).want(t, http.StatusUnauthorized, code); !a.cleared() {
		t.Errorf("a 401 on refresh left cookies: %s", a)
	}
}

func TestEveryRowOfTheRotationTable(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start()
		operator := authn.Actor{Name: "cli:test"}
		rows := []struct {
			name  string
			story func(t *testing.T, b *browser, first string)
		}{
			{"rotated", func(t *testing.T, b *browser, first string) {
				b.post("/refresh", "").want(t, http.StatusOK)
				if b.token() == first {
					t.Error("the token stayed")
				}
			}},
			{"retried within the window gets the same successor", func(t *testing.T, b *browser, first string) {
				b.post("/refresh", "").want(t, http.StatusOK)
				f.clock.advance(retryWindow)
				again := f.refresh(first).want(t, http.StatusOK)
				if again.cookie("refresh_token") != b.token() {
					t.Error("the retry got another successor")
				}
				f.profile(again.cookie("access_token")).want(t, http.StatusOK)
				b.post("/refresh", "").want(t, http.StatusOK)
			}},
			{"replayed after the window ends the session", func(t *testing.T, b *browser, first string) {
				b.post("/refresh", "").want(t, http.StatusOK)
				f.clock.advance(retryWindow + time.Second)
				f.refused(t, first, authn.CodeSessionReused)
				b.get("/profile").want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)
				f.refused(t, b.token(), authn.CodeUnauthenticated)
			}},
			{"an ancestor is replayed within the window", func(t *testing.T, b *browser, first string) {
				b.post("/refresh", "").want(t, http.StatusOK)
				b.post("/refresh", "").want(t, http.StatusOK)
				f.refused(t, first, authn.CodeSessionReused)
				f.refused(t, b.token(), authn.CodeUnauthenticated)
			}},
			{"idle too long", func(t *testing.T, b *browser, first string) {
				f.clock.advance(refreshTTL)
				f.refused(t, first, authn.CodeSessionExpired)
			}},
			{"older than the absolute lifetime", func(t *testing.T, b *browser, _ string) {
				for age := time.Duration(0); age+6*24*time.Hour < maxAge; age += 6 * 24 * time.Hour {
					f.clock.advance(6 * 24 * time.Hour)
					b.post("/refresh", "").want(t, http.StatusOK)
				}
				f.clock.advance(6 * 24 * time.Hour)
				f.refused(t, b.token(), authn.CodeSessionExpired)
			}},
			{"disabled", func(t *testing.T, b *browser, first string) {
				if _, err := f.svc.DisableUser(t.Context(), operator, b.name); err != nil {
					t.Fatal(err)
				}
				b.get("/profile").want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)
				f.refused(t, first, authn.CodeSessionRevoked)
			}},
			{"disabled, and enabled again", func(t *testing.T, b *browser, first string) {
				if _, err := f.svc.DisableUser(t.Context(), operator, b.name); err != nil {
					t.Fatal(err)
				}
				b.get("/profile").want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)
				if _, err := f.svc.EnableUser(t.Context(), operator, b.name); err != nil {
					t.Fatal(err)
				}
				f.refused(t, first, authn.CodeSessionRevoked)
				f.refused(t, first, authn.CodeUnauthenticated)
			}},
			{"logged out", func(t *testing.T, b *browser, first string) {
				b.post("/logout", "").want(t, http.StatusOK)
				f.refused(t, first, authn.CodeUnauthenticated)
			}},
			{"malformed", func(t *testing.T, b *browser, first string) {
				for _, token := range []string{
					"", "garbage", first[:63], first + "A", first + "=", first[:63] + "!", " " + first,
					b.cookies["access_token"],
				} {
					f.refused(t, token, authn.CodeUnauthenticated)
				}
				b.post("/refresh", "").want(t, http.StatusOK)
			}},
			{"revoked for everybody", func(t *testing.T, b *browser, first string) {
				if _, err := f.svc.EndSessions(t.Context(), operator, store.Everyone()); err != nil {
					t.Fatal(err)
				}
				b.get("/profile").want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)
				f.refused(t, first, authn.CodeSessionRevoked)
			}},
		}
		// One after the other: they share the clock.
		for i, row := range rows {
			t.Run(row.name, func(t *testing.T) {
				b := f.signedIn("user" + string(rune('a'+i)))
				row.story(t, b, b.token())
			})
		}
	})
}

func TestConcurrentRefreshesConvergeOnOneToken(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start()
		b := f.signedIn("alice")
		before := f.svc.RotationStats()
		const tabs = 20
		successors := make([]string, tabs)
		var wg sync.WaitGroup
		for i := range tabs {
			wg.Go(func() {
				a := f.refresh(b.token())
				if a.status != http.StatusOK {
					t.Errorf("got %s", a)
				}
				successors[i] = a.cookie("refresh_token")
			})
		}
		wg.Wait()
		for _, s := range successors {
			if s != successors[0] {
				t.Fatal("two tabs hold different tokens")
			}
		}
		after := f.svc.RotationStats()
		if got := after[store.Rotated] - before[store.Rotated]; got != 1 {
			t.Errorf("%d rotations, want 1", got)
		}
		f.refresh(successors[0]).want(t, http.StatusOK)
	})
}
