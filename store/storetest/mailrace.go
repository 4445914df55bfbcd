package storetest

import (
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const racers = 64

var mailRaceCases = []testCase{
	{"of many who press one link one resets the password", func(f *fixture) {
		u := f.verified("alice", "alice@example.com")
		f.issue(u, "token")
		stores := f.processes()
		var resets atomic.Int64
		var winner atomic.Value
		notice := newMail(store.MailPasswordReset, noon)
		f.writes("resets", func() {
			together(racers, func(i int) {
				hash := fmt.Sprint("$argon2id$", i)
				var done bool
				err := unlessBusy(func() (err error) {
					_, done, err = stores[i%len(stores)].ResetPassword(f.ctx, hashOf("token"), hash, &notice, event(store.ActionPasswordReset, noon))
					return err
				})
				if err != nil {
					f.Errorf("reset: %v", err)
				}
				if done {
					resets.Add(1)
					winner.Store(hash)
				}
			})
		}, about(event(store.ActionPasswordReset, noon), u.ID, uuid.Nil))
		equal(f, "resets", resets.Load(), 1)
		c, err := f.store.Credentials(f.ctx, "alice")
		f.ok("read credentials", err)
		equal(f, "hash", c.PasswordHash, winner.Load().(string))
		equal(f, "notices", f.count("outbox"), 1)
	}},
	{"of many who press one link one verifies the address and all others find it verified", func(f *fixture) {
		u := f.user("alice")
		f.asks(verification(u, "alice@example.com", "token"), noon)
		stores := f.processes()
		var outcomes [store.VerifyDead + 1]atomic.Int64
		f.writes("verifications", func() {
			together(racers, func(i int) {
				var v store.Verification
				err := unlessBusy(func() (err error) {
					v, err = stores[i%len(stores)].VerifyEmail(f.ctx, hashOf("token"), nil, event(store.ActionEmailVerified, noon))
					return err
				})
				if err != nil {
					f.Errorf("verify: %v", err)
				}
				outcomes[v.Outcome].Add(1)
			})
		}, about(event(store.ActionEmailVerified, noon), u.ID, uuid.Nil))
		equal(f, "verified", outcomes[store.Verified].Load(), 1)
		equal(f, "already verified", outcomes[store.VerifiedAlready].Load(), racers-1)
	}},
	{"of many users who verify one address one has it", func(f *fixture) {
		for round := range 4 {
			text := fmt.Sprintf("round%d@example.com", round)
			users := make([]store.User, racers/4)
			for i := range users {
				users[i] = f.user(fmt.Sprint("user ", round, " ", i))
				f.asks(verification(users[i], text, fmt.Sprint(text, i)), noon)
			}
			stores := f.processes()
			var outcomes [store.VerifyDead + 1]atomic.Int64
			together(racers, func(i int) {
				var v store.Verification
				err := unlessBusy(func() (err error) {
					v, err = stores[i%len(stores)].VerifyEmail(f.ctx, hashOf(fmt.Sprint(text, i%len(users))), nil, event(store.ActionEmailVerified, noon))
					return err
				})
				if err != nil {
					f.Errorf("verify: %v", err)
				}
				outcomes[v.Outcome].Add(1)
			})
			equal(f, "verified", outcomes[store.Verified].Load(), 1)
			equal(f, "already verified", outcomes[store.VerifiedAlready].Load(), 3)
			equal(f, "taken", outcomes[store.VerifyTaken].Load(), racers-4)
		}
	}},
	{"many requests at once keep the limits of a user and of an address, and one mail waits", func(f *fixture) {
		u := f.verified("alice", "alice@example.com")
		stores := f.processes()
		var queued atomic.Int64
		together(racers, func(i int) {
			r := reset("alice@example.com", "", fmt.Sprint("reset ", i))
			r.Limits = store.MailLimits{Since: noon, PerUser: 3}
			var decision store.MailDecision
			err := unlessBusy(func() (err error) {
				decision, err = stores[i%len(stores)].RequestReset(f.ctx, r, event(store.ActionResetRequested, noon))
				return err
			})
			if err != nil {
				f.Errorf("request: %v", err)
			}
			if decision == store.MailQueued {
				queued.Add(1)
			}
		})
		equal(f, "queued for the user", queued.Load(), 3)
		waiting := slices.DeleteFunc(f.mails(), func(m queuedMail) bool { return m.State != store.MailWaiting })
		equal(f, "waiting", len(waiting), 1)
		users := make([]store.User, racers)
		for i := range users {
			users[i] = f.user(fmt.Sprint("user ", i))
		}
		for _, text := range []string{"free@example.com", u.Email} {
			f.emptyOutbox()
			queued.Store(0)
			together(racers, func(i int) {
				r := verification(users[i], text, fmt.Sprint(text, i))
				r.Limits = store.MailLimits{Since: noon, PerRecipient: 5}
				var decision store.MailDecision
				err := unlessBusy(func() (err error) {
					decision, err = stores[i%len(stores)].RequestVerification(f.ctx, r, event(store.ActionVerifyRequested, noon))
					return err
				})
				if err != nil {
					f.Errorf("request: %v", err)
				}
				if decision == store.MailQueued {
					queued.Add(1)
				}
			})
			equal(f, "queued for "+text, queued.Load(), 5)
		}
	}},
}
