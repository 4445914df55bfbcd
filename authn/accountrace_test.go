package authn

import (
	"fmt"
	"testing"

	"github.com/authctl/authctl/store"
)

// together calls each function at the same moment, and waits for all.
func together(all ...func()) { racing(len(all), func(i int) { all[i]() }) }

const rounds = 8 // of each race

// TestAChangeOfPasswordMeetsWhatEndsSessions: whichever comes first, nothing lives on that the other
// one has ended.
func TestAChangeOfPasswordMeetsWhatEndsSessions(t *testing.T) {
	t.Parallel()
	onBoth(t, mailOn, func(t *testing.T, f *fixture) {
		for what, end := range map[string]func(g Grant, link string) error{
			"revoke": func(g Grant, _ string) error {
				_, err := f.EndSessions(f.ctx, operator, store.OfUser(g.User.ID))
				return err
			},
			"everyone": func(Grant, string) error {
				_, err := f.EndSessions(f.ctx, operator, store.Everyone())
				return err
			},
			"disable": func(g Grant, _ string) error {
				_, err := f.DisableUser(f.ctx, operator, g.User.Username)
				return err
			},
			"set": func(g Grant, _ string) error {
				_, err := f.SetPassword(f.ctx, operator, g.User.Username, thirdPassword)
				return err
			},
			"reset": func(_ Grant, link string) error {
				_, err := f.ResetPassword(f.ctx, visitor, link, thirdPassword)
				return err
			},
			"delete": func(g Grant, _ string) error {
				_, err := f.DeleteUser(f.ctx, operator, g.User.Username)
				return err
			},
		} {
			for round := range rounds {
				name := fmt.Sprint(what, "-", round)
				f.verified(t, name)
				asks, other := f.signIn(t, name), f.signIn(t, name)
				who := f.who(t, asks)
				wantCode(t, "forgot", f.ForgotPassword(f.ctx, visitor, name, ""), "")
				link := f.link(t, store.MailReset)
				var changed Grant
				var changing, ending error
				together(
					func() {
						changed, changing = f.ChangePassword(f.ctx, visitor, who, []string{asks.RefreshToken}, goodPassword, nextPassword)
					},
					func() { ending = end(asks, link) },
				)
				if changing != nil {
					if code := CodeOf(changing); code != CodeSessionRevoked && code != CodeInvalidCredentials {
						t.Errorf("%s: change: %v", name, changing)
					}
					changed = asks
				}
				lives := f.alive(t, changed)
				switch {
				case ending != nil: // the change has killed the link
					wantCode(t, name, ending, CodeInvalidLink)
					if what != "reset" || changing != nil || !lives {
						t.Errorf("%s: change: %v; the session lives: %t", name, changing, lives)
					}
				case lives:
					t.Errorf("%s: the session lives on", name)
				}
				if f.alive(t, other) {
					t.Errorf("%s: another session lives on", name)
				}
				_, err := f.ResetPassword(f.ctx, visitor, link, goodPassword)
				wantCode(t, name+": the link afterwards", err, CodeInvalidLink)
			}
		}
	})
}

// TestAChangeOfPasswordMeetsSignInsAndRefreshes: a sign-in with the old password comes first and is
// ended, or fails. A refresh comes first, or is a theft.
func TestAChangeOfPasswordMeetsSignInsAndRefreshes(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		for round := range 2 * rounds {
			name := fmt.Sprint("user-", round)
			f.register(t, name)
			asks, other := f.signIn(t, name), f.signIn(t, name)
			who := f.who(t, asks)
			var changed, signedIn, refreshed, own Grant
			var changing, signing, refreshing, owning error
			all := []func(){
				func() {
					changed, changing = f.ChangePassword(f.ctx, visitor, who, []string{asks.RefreshToken}, goodPassword, nextPassword)
				},
				func() {
					signedIn, signing = f.Login(f.ctx, visitor, Account{Username: name, Password: goodPassword}, "")
				},
				func() { refreshed, refreshing = f.Refresh(f.ctx, visitor, other.RefreshToken) },
			}
			if round%2 == 0 {
				all = append(all, func() { own, owning = f.Refresh(f.ctx, visitor, asks.RefreshToken) })
			}
			together(all...)
			wantCode(t, name+": change", changing, "")
			if signing == nil {
				if f.alive(t, signedIn) {
					t.Errorf("%s: a session of the old password lives on", name)
				}
			} else {
				wantCode(t, name+": sign-in", signing, CodeInvalidCredentials)
			}
			if refreshing == nil {
				if f.alive(t, refreshed) {
					t.Errorf("%s: a session that was refreshed lives on", name)
				}
			} else {
				wantCode(t, name+": refresh", refreshing, CodeSessionRevoked)
			}
			if owning != nil {
				wantCode(t, name+": refresh of the session that asks", owning, CodeSessionReused)
			}
			if lives := f.alive(t, changed); lives != (owning == nil) {
				t.Errorf("%s: the session that asks lives: %t; its other refresh: %v", name, lives, owning)
			}
			if round%2 == 0 && owning == nil && f.alive(t, own) {
				t.Errorf("%s: the token of before the change is good", name)
			}
		}
	})
}
