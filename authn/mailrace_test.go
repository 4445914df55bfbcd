package authn

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

// racing calls a function many times at the same time.
func racing(n int, do func(i int)) {
	var start, end sync.WaitGroup
	start.Add(1)
	for i := range n {
		end.Go(func() { start.Wait(); do(i) })
	}
	start.Done()
	end.Wait()
}

func TestALinkWorksOnceHoweverManyOpenIt(t *testing.T) {
	t.Parallel()
	onBoth(t, func(c *Config) { mailing(c); c.Hashing.MaxWait = time.Minute }, func(t *testing.T, f *fixture) {
		f.verified(t, "alice")
		f.forgot(t, "alice")
		token := f.token(t, store.MailReset, "alice@example.com")
		var reset, refused atomic.Int64
		racing(64, func(int) {
			switch _, err := f.ResetPassword(f.ctx, visitor, token, nextPassword); {
			case err == nil:
				reset.Add(1)
			case CodeOf(err) == CodeInvalidLink:
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
		if reset.Load() != 1 || refused.Load() != 63 {
			t.Errorf("%d resets, %d refused", reset.Load(), refused.Load())
		}
	})
}

// TestARevocationWinsOverAPasswordChange has both at the same time, in either order: no session is
// left, and a link that the revocation has met sets no password.
func TestARevocationWinsOverAPasswordChange(t *testing.T) {
	t.Parallel()
	onBoth(t, func(c *Config) { mailing(c); c.Hashing.MaxWait = time.Minute }, func(t *testing.T, f *fixture) {
		f.verified(t, "alice")
		password := goodPassword
		for round := range 8 {
			g, err := f.Login(f.ctx, visitor, Account{Username: "alice", Password: password}, "")
			if err != nil {
				t.Fatal(err)
			}
			who := f.who(t, g)
			var changed Grant
			var changeErr error
			racing(2, func(i int) {
				if i == 0 {
					changed, changeErr = f.ChangePassword(f.ctx, visitor, who, []string{g.RefreshToken}, password, nextPassword)
				} else if _, err := f.EndSessions(f.ctx, visitor, store.OfUser(g.User.ID)); err != nil {
					t.Error(err)
				}
			})
			switch {
			case changeErr == nil:
				password = nextPassword
				_, err = f.Refresh(f.ctx, visitor, changed.RefreshToken)
				wantCode(t, "refresh after both", err, CodeSessionRevoked)
				f.wantAlive(t, "the session after both", changed, false)
			case CodeOf(changeErr) != CodeSessionRevoked:
				t.Errorf("round %d: %v", round, changeErr)
			}
			f.wantAlive(t, "the session from before", g, false)
			count, err := f.CountSessions(f.ctx, store.OfUser(g.User.ID))
			if err != nil || count.Sessions != 0 {
				t.Errorf("round %d: %d sessions are left, %v", round, count.Sessions, err)
			}
		}
	})
}

// TestOnlyOneOfTwoChangesOfAPasswordIsMade has two sessions change the same password to different
// ones at the same time.
func TestOnlyOneOfTwoChangesOfAPasswordIsMade(t *testing.T) {
	t.Parallel()
	onBoth(t, func(c *Config) { mailing(c); c.Hashing.MaxWait = time.Minute }, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		grants := []Grant{f.signIn(t, "alice"), f.signIn(t, "alice")}
		who := []Identity{f.who(t, grants[0]), f.who(t, grants[1])}
		passwords := []string{"the first of two walks", "the second of two walks"}
		var errs [2]error
		racing(2, func(i int) {
			_, errs[i] = f.ChangePassword(f.ctx, visitor, who[i], []string{grants[i].RefreshToken}, goodPassword, passwords[i])
		})
		won := 0
		if errs[0] != nil {
			won = 1
		}
		wantCode(t, "the change that was made", errs[won], "")
		if code := CodeOf(errs[1-won]); errs[1-won] == nil || code != CodeInvalidCredentials && code != CodeSessionRevoked {
			t.Errorf("the other: %v", errs[1-won])
		}
		for i, password := range passwords {
			_, err := f.Login(f.ctx, visitor, Account{Username: "alice", Password: password}, "")
			if signedIn := err == nil; signedIn != (i == won) {
				t.Errorf("login with the password of change %d: %v", i, err)
			}
		}
	})
}
