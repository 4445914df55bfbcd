package authn

import (
	"bytes"
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
