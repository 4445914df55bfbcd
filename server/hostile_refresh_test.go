package server_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// refused sends a token, and requires a 401 that clears its cookie.
func (f *fixture) refused(t *testing.T, token string, code authn.Code) {
	t.Helper()
	if a := f.refresh(token).want(t, http.StatusUnauthorized, code); !slices.Equal(a.clears(), []string{"refresh_token"}) {
		t.Errorf("a 401 on refresh did not take the cookie away, and no other: %s", a)
	}
}

// TestHostileRefreshAndLogout presents tokens twice, concurrently, too late, or from another
// client. What the death of a process does to them is tested with the binary.
func TestHostileRefreshAndLogout(t *testing.T) {
	t.Parallel()
	for name, story := range map[string]func(*testing.T, func(...func(*setup)) *fixture){
		"every row of the rotation's table":        everyRowOfTheRotationTable,
		"fifty at once converge on one token":      fiftyAtOnce,
		"an answer that was lost":                  lostAnswers,
		"a refresh token with another's access":    mixedTokens,
		"what is no refresh token":                 noRefreshTokens,
		"two refresh tokens, and quoted ones":      twoRefreshTokens,
		"a logout of whatever":                     logoutsOfWhatever,
		"a logout of one session, and no other":    logoutOfOneSession,
		"a refresh while everything is taken away": refreshAgainstRevocation,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, story)
		})
	}
	t.Run("a logout while the database is away", func(t *testing.T) {
		t.Parallel()
		logoutWithoutADatabase(t)
	})
	t.Run("an ending by id while the database is away", func(t *testing.T) {
		t.Parallel()
		endingsWithoutADatabase(t)
	})
}

func everyRowOfTheRotationTable(t *testing.T, start func(...func(*setup)) *fixture) {
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
		{"an ancestor within the window gets the newest successor", func(t *testing.T, b *browser, first string) {
			b.post("/refresh", "").want(t, http.StatusOK)
			b.post("/refresh", "").want(t, http.StatusOK)
			if again := f.refresh(first).want(t, http.StatusOK); again.cookie("refresh_token") != b.token() {
				t.Error("the ancestor got another successor")
			}
			b.post("/refresh", "").want(t, http.StatusOK)
		}},
		{"an ancestor is replayed after its window, within that of another", func(t *testing.T, b *browser, first string) {
			b.post("/refresh", "").want(t, http.StatusOK)
			f.clock.advance(retryWindow + time.Second)
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
		{"the user's sessions revoked", func(t *testing.T, b *browser, first string) {
			user, err := f.svc.User(t.Context(), b.name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.svc.EndSessions(t.Context(), operator, store.OfUser(user.ID)); err != nil {
				t.Fatal(err)
			}
			f.refused(t, first, authn.CodeSessionRevoked)
		}},
		{"a new password", func(t *testing.T, b *browser, first string) {
			if _, err := f.svc.SetPassword(t.Context(), operator, b.name, password); err != nil {
				t.Fatal(err)
			}
			f.refused(t, first, authn.CodeSessionRevoked)
		}},
		{"deleted, and created again", func(t *testing.T, b *browser, first string) {
			if _, err := f.svc.DeleteUser(t.Context(), operator, b.name); err != nil {
				t.Fatal(err)
			}
			f.register(b.name, password).want(t, http.StatusCreated)
			f.refused(t, first, authn.CodeUnauthenticated)
		}},
		{"ten rotations at one instant, and each ancestor", func(t *testing.T, b *browser, first string) {
			ancestors := []string{first}
			for range 10 {
				b.post("/refresh", "").want(t, http.StatusOK)
				ancestors = append(ancestors, b.token())
			}
			for _, token := range ancestors[2:10] {
				if again := f.refresh(token).want(t, http.StatusOK); again.cookie("refresh_token") != b.token() {
					t.Error("an ancestor got another successor")
				}
			}
			f.refused(t, ancestors[1], authn.CodeSessionReused) // eight are remembered
			for _, token := range ancestors {
				f.refused(t, token, authn.CodeUnauthenticated)
			}
		}},
		{"the clock put back an hour", func(t *testing.T, b *browser, first string) {
			b.post("/refresh", "").want(t, http.StatusOK)
			b.post("/logout", "").want(t, http.StatusOK)
			f.clock.advance(-time.Hour)
			f.refused(t, first, authn.CodeUnauthenticated)
			f.clock.advance(time.Hour)
		}},
		{"the clock put forward eight days", func(t *testing.T, b *browser, first string) {
			f.clock.advance(8 * 24 * time.Hour)
			f.refused(t, first, authn.CodeSessionExpired)
		}},
		{"revoked for everybody", func(t *testing.T, b *browser, first string) {
			if _, err := f.svc.EndSessions(t.Context(), operator, store.Everyone()); err != nil {
				t.Fatal(err)
			}
			b.get("/profile").want(t, http.StatusUnauthorized, authn.CodeSessionRevoked)
			f.refused(t, first, authn.CodeSessionRevoked)
		}},
	}
	// Sequentially, because they share the clock.
	for i, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			b := f.signedIn("user" + string(rune('a'+i)))
			row.story(t, b, b.token())
		})
	}
}

func fiftyAtOnce(t *testing.T, start func(...func(*setup)) *fixture) {
	f := start()
	b := f.signedIn("alice")
	before := f.svc.RotationStats()
	const tabs = 50
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
}

// lostAnswers: a client that did not receive the answer to its refresh tries again, and gets
// the tokens of the lost answer. After the retry window that counts as theft.
func lostAnswers(t *testing.T, start func(...func(*setup)) *fixture) {
	f := start()
	b := f.signedIn("alice")
	conn := f.dial(t)
	f.noteSecret(b.token())
	io.WriteString(conn, "POST /refresh HTTP/1.1\r\nHost: x\r\nCookie: refresh_token="+b.token()+"\r\nContent-Length: 0\r\n\r\n")
	if _, err := conn.Read(make([]byte, 1)); err != nil { // it has been rotated
		t.Fatal(err)
	}
	conn.Close()
	before := f.svc.RotationStats()
	old := b.token()
	b.post("/refresh", "").want(t, http.StatusOK)
	if got := f.svc.RotationStats()[store.Retried] - before[store.Retried]; got != 1 {
		t.Errorf("%d retries, want 1", got)
	}
	b.get("/profile").want(t, http.StatusOK)
	f.clock.advance(retryWindow + time.Second)
	f.refused(t, old, authn.CodeSessionReused)
	f.refused(t, b.token(), authn.CodeUnauthenticated)
}

// refreshAgainstRevocation: when a session ends during its refresh, no token from either is
// valid afterwards.
func refreshAgainstRevocation(t *testing.T, start func(...func(*setup)) *fixture) {
	f := start()
	operator := authn.Actor{Name: "cli:test"}
	for name, end := range map[string]func(b *browser) error{
		"logout": func(b *browser) error {
			f.send(request{method: "POST", path: "/logout", cookies: "refresh_token=" + b.token()})
			return nil
		},
		"everybody": func(*browser) error { _, err := f.svc.EndSessions(t.Context(), operator, store.Everyone()); return err },
		"disable":   func(b *browser) error { _, err := f.svc.DisableUser(t.Context(), operator, b.name); return err },
		"delete":    func(b *browser) error { _, err := f.svc.DeleteUser(t.Context(), operator, b.name); return err },
		"new password": func(b *browser) error {
			_, err := f.svc.SetPassword(t.Context(), operator, b.name, password)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			for round := range 10 {
				b := f.signedIn(fmt.Sprintf("%s-%d", strings.ReplaceAll(name, " ", "-"), round))
				var race sync.WaitGroup
				var refreshed answer
				race.Go(func() { refreshed = f.refresh(b.token()) })
				race.Go(func() {
					if err := end(b); err != nil {
						t.Error(err)
					}
				})
				race.Wait()
				for _, token := range []string{b.token(), refreshed.cookie("refresh_token")} {
					f.refresh(token).want(t, http.StatusUnauthorized)
				}
				for _, token := range []string{b.cookies["access_token"], refreshed.cookie("access_token")} {
					f.profile(token).want(t, http.StatusUnauthorized)
				}
			}
		})
	}
}
