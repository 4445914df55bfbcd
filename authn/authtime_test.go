package authn

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestAccessTokensSayWhenTheirSessionSignedIn: a refresh, its retry and a change of the password keep
// the time of the sign-in.
func TestAccessTokensSayWhenTheirSessionSignedIn(t *testing.T) {
	t.Parallel()
	for audience, want := range map[string]int64{"": issuedAt.Unix(), "shop": issuedAt.Unix(), AudienceNone: 0} {
		t.Run("audience "+audience, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(c *Config) { c.Audience = audience }, func(t *testing.T, f *fixture) {
				f.register(t, "alice")
				g := f.signIn(t, "alice")
				wantAuthTime(t, "a sign-in", g, want)
				f.advance(time.Minute)
				first := g.RefreshToken
				for _, what := range []string{"a refresh", "its retry"} {
					var err error
					if g, err = f.Refresh(f.ctx, visitor, first); err != nil {
						t.Fatal(err)
					}
					wantAuthTime(t, what, g, want)
				}
				f.advance(time.Minute)
				g, err := f.ChangePassword(f.ctx, visitor, f.who(t, g), []string{g.RefreshToken}, goodPassword, "another walk by the river")
				if err != nil {
					t.Fatal(err)
				}
				wantAuthTime(t, "a change of the password", g, want)
			})
		})
	}
}

// wantAuthTime fails the test unless the access token has this auth_time; 0 for none.
func wantAuthTime(t *testing.T, what string, g Grant, want int64) {
	t.Helper()
	var c struct {
		At *int64 `json:"auth_time"`
	}
	if err := json.Unmarshal(decode(t, strings.Split(g.AccessToken, ".")[1]), &c); err != nil {
		t.Fatal(err)
	}
	if (c.At == nil) != (want == 0) || c.At != nil && *c.At != want {
		t.Errorf("%s: got the auth_time %v, want %d", what, c.At, want)
	}
}
