package authn

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

// TestALinkToANewAddressDoesNotOutliveTheOldPassword: somebody knows the password and changes the
// address while the owner resets the password.
func TestALinkToANewAddressDoesNotOutliveTheOldPassword(t *testing.T) {
	t.Parallel()
	onBoth(t, mailOn, func(t *testing.T, f *fixture) {
		for round := range 2 * rounds {
			name := fmt.Sprint("user-", round)
			f.verified(t, name)
			who := f.who(t, f.signIn(t, name))
			wantCode(t, "forgot", f.ForgotPassword(f.ctx, visitor, name, ""), "")
			link := f.link(t, store.MailReset)
			var changing, resetting error
			together(
				func() {
					changing = f.ChangeEmail(f.ctx, visitor, who, name+"@thief.example", goodPassword, "")
				},
				func() { _, resetting = f.ResetPassword(f.ctx, visitor, link, nextPassword) },
			)
			wantCode(t, name+": reset", resetting, "")
			if changing != nil {
				wantCode(t, name+": change", changing, CodeInvalidCredentials)
				f.wantMail(t, name, name+"@thief.example", nil)
				continue
			}
			m := f.newest(t, store.MailVerify)
			_, err := f.VerifyEmail(f.ctx, visitor, mailToken(f.rules.Load().mailKeys[0], m.ID, store.PurposeVerify))
			wantCode(t, name+": the link to the thief", err, CodeInvalidLink)
			f.advance(time.Microsecond)
		}
	})
}

// meddled is a store in which something happens just before a verification is asked for.
type meddled struct {
	store.Store
	before func()
}

func (m *meddled) RequestVerification(ctx context.Context, r store.VerificationRequest, e store.Event) (store.MailDecision, error) {
	m.before()
	return m.Store.RequestVerification(ctx, r, e)
}

func TestAPasswordThatChangesAfterItsCheckProvesNoChangeOfAddress(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, plain *fixture) {
		m := &meddled{Store: plain.store, before: func() {}}
		f := newFixture(t, m, mailingAndLimited)
		f.verified(t, "alice")
		who := f.who(t, f.signIn(t, "alice"))
		m.before = func() {
			if _, err := plain.SetPassword(f.ctx, operator, "alice", nextPassword); err != nil {
				t.Error(err)
			}
		}
		wantCode(t, "change", f.ChangeEmail(f.ctx, visitor, who, "thief@example.com", goodPassword, ""), CodeInvalidCredentials)
		f.wantMail(t, "refused", "thief@example.com", nil)
		if n := f.mailed(t, "alice@example.com")[store.MailEmailRequested]; n > 0 {
			t.Errorf("%d notices of a change that was refused", n)
		}
	})
}

func TestOfTwoUsersWhoVerifyOneAddressAtOnceOneHasIt(t *testing.T) {
	t.Parallel()
	onBoth(t, mailOn, func(t *testing.T, f *fixture) {
		for round := range rounds {
			address := fmt.Sprintf("round%d@example.com", round)
			var links [2]string
			var results [2]error
			for i := range links {
				f.unverified(t, fmt.Sprint("user-", round, "-", i), address)
				links[i] = f.link(t, store.MailVerify)
			}
			together(
				func() { _, results[0] = f.VerifyEmail(f.ctx, visitor, links[0]) },
				func() { _, results[1] = f.VerifyEmail(f.ctx, visitor, links[1]) },
			)
			if (results[0] == nil) == (results[1] == nil) {
				t.Errorf("%s: got %v and %v", address, results[0], results[1])
			}
			for i, err := range results {
				if err != nil {
					wantCode(t, address, err, CodeEmailTaken)
				} else if u, err := f.User(f.ctx, address); err != nil || u.Username != fmt.Sprint("user-", round, "-", i) {
					t.Errorf("%s: belongs to %+v, %v", address, u, err)
				}
			}
		}
	})
}

func TestADeletedAccountMeetsItsSignIns(t *testing.T) {
	t.Parallel()
	onBoth(t, mailingAndLimited, func(t *testing.T, f *fixture) {
		for round := range rounds {
			name := fmt.Sprint("user-", round)
			u := f.verified(t, name)
			g := f.signIn(t, name)
			who := f.who(t, g)
			var deleting, signing, forgetting error
			var late Grant
			together(
				func() { deleting = f.DeleteAccount(f.ctx, visitor, who, goodPassword) },
				func() {
					late, signing = f.Login(f.ctx, visitor, Account{Username: name + "@example.com", Password: goodPassword}, "")
				},
				func() { forgetting = f.ForgotPassword(f.ctx, visitor, name, "") },
			)
			wantCode(t, name+": delete", deleting, "")
			wantCode(t, name+": forgot", forgetting, "")
			if signing == nil {
				if f.alive(t, late) {
					t.Errorf("%s: a session outlives its account", name)
				}
			} else {
				wantCode(t, name+": sign-in", signing, CodeInvalidCredentials)
			}
			if n, err := f.CountSessions(f.ctx, store.OfUser(u.ID)); err != nil || n.Sessions != 0 {
				t.Errorf("%s: %d sessions are left, %v", name, n.Sessions, err)
			}
			f.wantMail(t, name, name+"@example.com", map[store.MailKind]int{store.MailAccountDeleted: 1})
		}
	})
}
