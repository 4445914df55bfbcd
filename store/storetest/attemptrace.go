package storetest

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var attemptRaceCases = []testCase{
	{"counters that meet in a slot take each other's place", func(f *fixture) {
		a, b := attempt("alice", "192.0.2.1", noon), attempt("nobody", "192.0.2.7", noon)
		b.Here.Slot, b.Anywhere.Slot = a.Here.Slot, a.Anywhere.Slot
		for range 3 {
			f.begin(a)
		}
		equal(f, "another's", f.begin(b), time.Time{})
		equal(f, "counted", f.counted(), map[string]int{"192.0.2.7": 1, "": 1})
		equal(f, "begun anew", f.begin(a), time.Time{})
		equal(f, "counted", f.counted(), map[string]int{"192.0.2.1": 1, "": 1})
	}},
	{"of many who guess at once no more get through than are free", func(f *fixture) {
		stores := f.processes()
		for round, name := range []string{"alice", "nobody"} {
			var through atomic.Int64
			together(64, func(i int) {
				adm, err := stores[i%len(stores)].BeginLogin(f.ctx, attempt(name, "192.0.2.1", noon))
				if err != nil {
					f.Errorf("begin login: %v", err)
				}
				if adm.RetryAt.IsZero() {
					through.Add(1)
				}
			})
			equal(f, "from one address", through.Load(), 2)
			through.Store(0)
			at := noon.Add(2 * time.Hour)
			together(64, func(i int) {
				adm, err := stores[i%len(stores)].BeginLogin(f.ctx, attempt(name, fmt.Sprintf("198.51.100.%d", i+100*round), at))
				if err != nil {
					f.Errorf("begin login: %v", err)
				}
				if adm.RetryAt.IsZero() {
					through.Add(1)
				}
			})
			equal(f, "from many", through.Load(), 3)
		}
	}},
	{"logins do not stand in the way of deleting their users", func(f *fixture) {
		const users = 16
		stores := f.processes()
		for round := range 4 {
			var all [users]store.User
			var attempts [users]store.Attempt
			for i := range all {
				name := fmt.Sprintf("user-%d-%d", round, i)
				all[i], attempts[i] = f.user(name), attempt(name, "192.0.2.1", noon)
				attempts[i].Here.Slot, attempts[i].Anywhere.Slot, attempts[i].Known.Slot = int64(i), int64(users+i), int64(i)
				f.begin(attempts[i])
			}
			together(2*users, func(i int) {
				s, u := stores[i%len(stores)], all[i/2]
				var err error
				if i%2 == 0 {
					err = s.DeleteUser(f.ctx, u.ID, store.Deletion{}, about(event(store.ActionUserDeleted, noon), u.ID, uuid.Nil))
				} else {
					n := store.NewSession{ID: uuid.New(), UserID: u.ID, TokenHash: hashOf(fmt.Sprint(round, i)), CreatedAt: noon, ExpiresAt: noon.Add(idle),
						AbsoluteExpiresAt: noon.Add(lifetime), PasswordHash: oldHash, Attempt: &attempts[i/2]}
					_, err = s.StartSession(f.ctx, n, about(event(store.ActionLogin, noon), u.ID, n.ID))
				}
				if err != nil {
					f.Errorf("round %d, step %d: %v", round, i, err)
				}
			})
		}
	}},
	{"a login whose counter was pushed out does not stand in the way of unlocking", func(f *fixture) {
		u := f.user("alice")
		f.begin(attempt("alice", "192.0.2.1", noon))
		gone := attempt("alice", "192.0.2.1", noon)
		gone.Here.Key++
		stores := f.processes()
		together(64, func(i int) {
			s := stores[i%len(stores)]
			err := s.FailLogin(f.ctx, 0, store.Ceiling{}, nil, about(event(store.ActionLoginFailed, noon), u.ID, uuid.Nil))
			if err == nil && i%2 == 0 {
				_, err = s.UnlockUser(f.ctx, u.ID, about(event(store.ActionUserUnlocked, noon), u.ID, uuid.Nil))
			} else if err == nil {
				_, err = s.BeginLogin(f.ctx, attempt("alice", "192.0.2.1", noon.Add(time.Duration(i)*time.Hour)))
			}
			if err == nil && i%2 != 0 {
				n := store.NewSession{ID: uuid.New(), UserID: u.ID, TokenHash: hashOf(fmt.Sprint(i)), CreatedAt: noon, ExpiresAt: noon.Add(idle),
					AbsoluteExpiresAt: noon.Add(lifetime), PasswordHash: oldHash, Attempt: &gone}
				_, err = s.StartSession(f.ctx, n, about(event(store.ActionLogin, noon), u.ID, n.ID))
			}
			if err != nil {
				f.Errorf("step %d: %v", i, err)
			}
		})
	}},
	{"logins, failures and unlocking at once do not stand in each other's way", func(f *fixture) {
		u := f.user("alice")
		stores := f.processes()
		together(48, func(i int) {
			s := stores[i%len(stores)]
			a := attempt("alice", fmt.Sprintf("192.0.2.%d", i%4), noon.Add(time.Duration(i)*time.Hour))
			adm, err := s.BeginLogin(f.ctx, a)
			if err != nil {
				f.Errorf("begin login: %v", err)
				return
			}
			switch {
			case i%6 == 0:
				_, err = s.UnlockUser(f.ctx, u.ID, about(event(store.ActionUserUnlocked, a.At), u.ID, uuid.Nil))
			case i%6 == 1:
				_, err = s.ClearAttempts(f.ctx, uuid.Nil, "", 100, event(store.ActionAttemptsCleared, a.At))
			case !adm.RetryAt.IsZero():
			case i%2 == 0:
				err = s.FailLogin(f.ctx, 100, store.Ceiling{}, nil, about(event(store.ActionLoginFailed, a.At), u.ID, uuid.Nil))
			default:
				n := store.NewSession{ID: uuid.New(), UserID: u.ID, TokenHash: hashOf(fmt.Sprint(i)), CreatedAt: noon, ExpiresAt: noon.Add(idle),
					AbsoluteExpiresAt: noon.Add(lifetime), PasswordHash: oldHash, Attempt: &a}
				_, err = s.StartSession(f.ctx, n, about(event(store.ActionLogin, a.At), u.ID, n.ID))
			}
			if err != nil {
				f.Errorf("step %d: %v", i, err)
			}
		})
	}},
}
