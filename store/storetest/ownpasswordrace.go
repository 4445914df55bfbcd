package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var ownPasswordRaceCases = []testCase{
	{"of many sessions that change the password at once one does, and it alone is left", func(f *fixture) {
		u := f.user("alice")
		sessions := make([]store.NewSession, racers)
		for i := range sessions {
			sessions[i] = f.session(u, fmt.Sprint("session ", i))
		}
		stores := f.processes()
		var winners atomic.Int64
		var winner atomic.Int64
		together(racers, func(i int) {
			var changed bool
			err := unlessBusy(func() (err error) {
				_, changed, err = stores[i%len(stores)].ChangePassword(f.ctx, change(sessions[i], fmt.Sprint("$argon2id$", i), fmt.Sprint("changed ", i)), event(store.ActionPasswordChanged, noon))
				return err
			})
			if err != nil {
				f.Errorf("change: %v", err)
			}
			if changed {
				winners.Add(1)
				winner.Store(int64(i))
			}
		})
		equal(f, "changes", winners.Load(), 1)
		f.own(u, noon, sessions[winner.Load()].ID)
		c, err := f.store.Credentials(f.ctx, "alice")
		f.ok("read credentials", err)
		equal(f, "hash", c.PasswordHash, fmt.Sprint("$argon2id$", winner.Load()))
	}},
	{"a change of password and a reset at once leave the reset's password, or the change's and no session but its own", func(f *fixture) {
		f.changesAgainst(func(s store.Store, u store.User) (bool, error) {
			_, done, err := s.ResetPassword(f.ctx, hashOf("reset of "+u.Username), "$argon2id$reset", nil, event(store.ActionPasswordReset, noon))
			return done, err
		}, func(u store.User, n store.NewSession, changed, reset bool) {
			c, err := f.store.CredentialsByID(f.ctx, u.ID)
			f.ok("read credentials", err)
			if changed == reset { // whichever comes first makes the other one useless
				f.Errorf("%s: changed: %t, reset: %t", u.Username, changed, reset)
			}
			if changed {
				equal(f, "hash", c.PasswordHash, "$argon2id$changed")
				f.own(u, noon, n.ID)
			} else {
				equal(f, "hash", c.PasswordHash, "$argon2id$reset")
				f.own(u, noon)
			}
		})
	}},
	{"no session outlives a revocation that meets a change of password", func(f *fixture) {
		for _, scope := range []func(u store.User) store.Scope{
			func(u store.User) store.Scope { return store.OfUser(u.ID) },
			func(store.User) store.Scope { return store.Everyone() },
		} {
			f.changesAgainst(func(s store.Store, u store.User) (bool, error) {
				_, err := s.EndSessions(f.ctx, scope(u), event(store.ActionSessionsRevoked, noon))
				return true, err
			}, func(u store.User, _ store.NewSession, _, _ bool) {
				f.own(u, noon)
				f.dead("reset of " + u.Username)
			})
		}
	}},
	{"a refresh that meets a change of password comes before it, or ends the session as a theft", func(f *fixture) {
		stores := f.processes()
		for round := range racers / 4 {
			u := f.user(fmt.Sprint("user ", round))
			n, lost := f.session(u, u.Username+" kept"), f.session(u, u.Username+" lost")
			c := change(n, "$argon2id$new", u.Username+" changed")
			var changed bool
			var outcomes [2]store.Outcome
			together(3, func(i int) {
				var err error
				var r store.RotateResult
				switch s := stores[i%len(stores)]; i {
				case 0:
					_, changed, err = s.ChangePassword(f.ctx, c, event(store.ActionPasswordChanged, noon))
				case 1:
					r, err = s.Rotate(f.ctx, rotation(n.ID, u.Username+" kept", u.Username+" refreshed", noon), refresh(noon))
					outcomes[0] = r.Outcome
				case 2:
					r, err = s.Rotate(f.ctx, rotation(lost.ID, u.Username+" lost", u.Username+" lost next", noon), refresh(noon))
					outcomes[1] = r.Outcome
				}
				if err != nil {
					f.Errorf("%d: %v", i, err)
				}
			})
			equal(f, "changed", changed, true)
			switch outcomes[0] {
			case store.Rotated:
				f.own(u, noon, n.ID)
				equal(f, "the token of the refresh", f.outcome(n.ID, u.Username+" refreshed", "stolen", noon), store.Reused)
			case store.Reused:
				f.own(u, noon)
			default:
				f.Errorf("the session that asks: got %s", outcomes[0])
			}
			if outcomes[1] != store.Rotated && outcomes[1] != store.Revoked {
				f.Errorf("the other session: got %s", outcomes[1])
			}
			if o := f.outcome(lost.ID, u.Username+" lost next", "x", noon); o != store.Revoked && o != store.Unknown {
				f.Errorf("the other session afterwards: got %s", o)
			}
		}
	}},
	{"all changes of an account at once neither block each other nor leave a token", func(f *fixture) {
		stores := f.processes()
		u, other := f.verified("alice", "alice@example.com"), f.verified("bob", "bob@example.com")
		sessions := make([]store.NewSession, racers)
		for i := range sessions {
			sessions[i] = f.session(u, fmt.Sprint("session ", i))
		}
		f.asks(verification(u, "new@example.com", "verify"), noon)
		together(racers, func(i int) {
			s, e := stores[i%len(stores)], about(event(store.ActionPasswordChanged, noon), u.ID, uuid.Nil)
			err := unlessBusy(func() (err error) {
				switch name := fmt.Sprint("token ", i); i % 8 {
				case 0:
					_, err = s.RequestReset(f.ctx, reset("", "alice", name), e)
				case 1:
					_, err = s.RequestVerification(f.ctx, verification(u, other.Email, name), e)
				case 2:
					_, err = s.RequestVerification(f.ctx, verification(other, "alice@example.com", name), e)
				case 3:
					a := attempt("alice", "192.0.2.1", noon)
					c := change(sessions[i], "$argon2id$new", fmt.Sprint("changed ", i))
					c.Attempt = &a
					_, _, err = s.ChangePassword(f.ctx, c, e)
				case 4:
					_, err = s.SetPassword(f.ctx, u.ID, "$argon2id$set", nil, e)
				case 5:
					_, err = s.VerifyEmail(f.ctx, hashOf("verify"), nil, e)
				case 6:
					n, a := sessions[i], attempt("alice", "192.0.2.1", noon)
					n.ID, n.TokenHash, n.Attempt, n.Max = uuid.New(), hashOf(name), &a, 10
					_, err = s.StartSession(f.ctx, n, e)
				case 7:
					_, err = s.SetEmail(f.ctx, other.ID, unverified("bob@example.com"), nil, e)
				}
				return err
			})
			if err != nil && !errors.Is(err, store.ErrEmailTaken) {
				f.Errorf("%d: %v", i, err)
			}
		})
		_, err := f.store.SetPassword(f.ctx, u.ID, "$argon2id$last", nil, event(store.ActionPasswordChanged, noon))
		f.ok("set password", err)
		f.own(u, noon)
		for i := 0; i < racers; i += 8 {
			f.dead(fmt.Sprint("token ", i))
		}
	}},
}

// changesAgainst lets a change of password meet something else, in several rounds. The account has a
// token for a reset, named after it, and a second session.
func (f *fixture) changesAgainst(other func(s store.Store, u store.User) (bool, error), after func(u store.User, n store.NewSession, changed, done bool)) {
	f.Helper()
	stores := f.processes()
	for round := range racers / 2 {
		u := f.user(fmt.Sprint(uuid.NewString(), " ", round))
		n := f.session(u, u.Username+" one")
		f.session(u, u.Username+" two")
		f.issue(u, "reset of "+u.Username)
		var results [2]bool
		together(2, func(i int) {
			var err error
			if i == 0 {
				_, results[0], err = stores[0].ChangePassword(f.ctx, change(n, "$argon2id$changed", "changed "+u.Username), event(store.ActionPasswordChanged, noon))
			} else {
				results[1], err = other(stores[1], u)
			}
			if err != nil {
				f.Errorf("%s: %v", u.Username, err)
			}
		})
		after(u, n, results[0], results[1])
	}
}
