package authn

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

func TestInspectTellsWhy(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		operator := Actor{Name: "cli:ada", Reason: "laptop stolen"}
		want := func(what, token string, good bool, why string) {
			t.Helper()
			in, err := f.Inspect(f.ctx, token)
			if err != nil || (in.Verdict == VerdictGood) != good || in.Verdict == VerdictUnknown || !strings.Contains(in.Why, why) || (token != "" && strings.Contains(in.Why, token)) {
				t.Errorf("%s: got %t, %q, %v; want %t, …%s…", what, in.Verdict == VerdictGood, in.Why, err, good, why)
			}
		}
		g := f.signIn(t, "alice")
		want("access", g.AccessToken, true, "good until 20")
		want("refresh", g.RefreshToken, true, "current token")
		next, err := f.Refresh(f.ctx, visitor, g.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		want("just replaced", g.RefreshToken, true, "still yields the session's current token")
		f.advance(time.Minute)
		want("replaced", g.RefreshToken, false, "replaced before")
		want("its successor, which inspecting did not end", next.RefreshToken, true, "current token")
		if _, err := f.EndSessions(f.ctx, operator, store.OfUser(g.User.ID)); err != nil {
			t.Fatal(err)
		}
		for what, token := range map[string]string{"revoked access": next.AccessToken, "revoked refresh": next.RefreshToken} {
			want(what, token, false, `authn_token_revoked_all by cli:ada, "laptop stolen"`)
		}
		f.advance(time.Hour)
		want("expired", next.AccessToken, false, "it expired at 20")

		h := f.signIn(t, "alice")
		if err := f.EndSession(f.ctx, operator, h.SessionID); err != nil {
			t.Fatal(err)
		}
		want("ended access", h.AccessToken, false, `authn_token_revoked by cli:ada, "laptop stolen"`)
		want("ended refresh", h.RefreshToken, false, `authn_token_revoked by cli:ada`)
		h = f.signIn(t, "alice")
		if _, err := f.DisableUser(f.ctx, operator, "alice"); err != nil {
			t.Fatal(err)
		}
		want("disabled access", h.AccessToken, false, "its user is disabled, since 20")
		want("disabled refresh", h.RefreshToken, false, "user_disabled by cli:ada")
		if _, err := f.DeleteUser(f.ctx, operator, "alice"); err != nil {
			t.Fatal(err)
		}
		want("deleted", h.AccessToken, false, "does not exist any more, since 20")

		want("nothing", "", false, "neither")
		want("unknown", newRefreshToken().secret(), false, "never was")
		altered := []byte(h.AccessToken)
		if first := &altered[bytes.LastIndexByte(altered, '.')+1]; *first == 'A' {
			*first = 'B'
		} else {
			*first = 'A'
		}
		want("altered", string(altered), false, "not one that this service writes")
		other := newFixture(t, f.store, func(cfg *Config) { cfg.Secret = strings.ToUpper(cfg.Secret) + "x" })
		in, err := other.Inspect(f.ctx, h.AccessToken)
		if err != nil || in.OurKey || in.Verdict != VerdictNotGood || !strings.Contains(in.Why, "another key") {
			t.Errorf("another key: got %+v, %v", in, err)
		}
	})
}

// TestAForeignTokenIsRecognised: other programs have other forms of jti, roles and claims.
func TestAForeignTokenIsRecognised(t *testing.T) {
	t.Parallel()
	f := newFixture(t, openSQLite(t), nil)
	b64 := base64.RawURLEncoding.EncodeToString
	payload := `{"sub":"x","jti":"0b7e3c52-6f0d-4a55-9f0c-2f6f0f1c9a11","roles":"Admin","claims":[],"aud":["a","b"],"iat":1,"exp":4000000000}`
	in, err := f.Inspect(f.ctx, b64([]byte(`{"alg":"RS256","kid":"x"}`))+"."+b64([]byte(payload))+".x")
	if err != nil || in.Kind != "access" || in.KeyID != "x" || in.Verdict != VerdictNotGood {
		t.Errorf("got %+v, %v", in, err)
	}
}

// TestInspectTellsATokenOfFormerRoles: servers refuse it, and a refresh helps.
func TestInspectTellsATokenOfFormerRoles(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		before := f.signIn(t, "alice")
		f.setRights(t, "alice", RightsChange{Grant: []string{"admin"}})
		after, err := f.Refresh(f.ctx, visitor, before.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		for token, want := range map[string]Verdict{before.AccessToken: VerdictNotGood, after.AccessToken: VerdictGood} {
			if in, err := f.Inspect(f.ctx, token); err != nil || in.Verdict != want {
				t.Errorf("got %s (%s), %v, want %s", in.Verdict, in.Why, err, want)
			}
		}
	})
}
