package storetest

import (
	"fmt"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var raceCases = []testCase{
	{"of many who present one token one rotates it and all others get its successor", func(f *fixture) {
		const clients = 64
		u := f.user("alice")
		n := f.session(u, "one")
		stores := f.processes()
		var results [clients]store.RotateResult
		f.writes("rotations", func() {
			together(clients, func(i int) {
				var err error
				results[i], err = stores[i%len(stores)].Rotate(f.ctx, rotation(n.ID, "one", fmt.Sprint("next ", i), noon), refresh(noon))
				if err != nil {
					f.Errorf("rotate: %v", err)
				}
			})
		})
		winner := -1
		for i, r := range results {
			if r.Outcome == store.Rotated {
				if winner >= 0 {
					f.Errorf("both %d and %d rotated the token", winner, i)
				}
				winner = i
			}
		}
		if winner < 0 {
			f.Fatal("nobody rotated the token")
		}
		want := results[winner]
		want.Outcome, want.Successors = store.Retried, []store.Sealed{sealedAs(fmt.Sprint("next ", winner))}
		for i, r := range results {
			if i != winner {
				equal(f, fmt.Sprintf("client %d", i), r, want)
			}
		}
		equal(f, "rows", f.rows(), 1)
	}},
	{"of many who present the tokens of a chain each link is rotated once and all others get its end", func(f *fixture) {
		const clients, links = 64, 4
		n := f.session(f.user("alice"), "chain 0")
		stores := f.processes()
		var rotated [links]atomic.Int64
		f.writes("rotations", func() {
			together(clients, func(i int) {
				present := func(at int) store.RotateResult {
					from, to := fmt.Sprint("chain ", at), fmt.Sprint("chain ", at+1)
					r, err := stores[i%len(stores)].Rotate(f.ctx, rotation(n.ID, from, to, noon), refresh(noon))
					if err != nil {
						f.Errorf("rotate: %v", err)
					}
					switch r.Outcome {
					case store.Rotated:
						rotated[at].Add(1)
					case store.Retried:
						f.leads(from, r)
					default:
						f.Errorf("link %d: got %s", at, r.Outcome)
					}
					return r
				}
				for at := 0; at < links; {
					if r := present(at); r.Outcome == store.Rotated {
						at++
					} else {
						at += max(len(r.Successors), 1)
					}
					present(at * i / clients) // an older token of the chain, which another tab still holds
				}
			})
		})
		for i := range links {
			equal(f, fmt.Sprintf("rotations of link %d", i), rotated[i].Load(), 1)
		}
		equal(f, "rows", f.rows(), 1)
	}},
	{"of many who present a stolen token one ends the session and all others find nothing", func(f *fixture) {
		const clients = 16
		u := f.user("alice")
		n := f.session(u, "one")
		stores := f.processes()
		var outcomes [store.Lost + 1]atomic.Int64
		want := about(refresh(noon), u.ID, n.ID)
		want.Action = store.ActionSessionReused
		f.writes("theft", func() {
			together(clients, func(i int) {
				r, err := stores[i%len(stores)].Rotate(f.ctx, rotation(n.ID, "forged", "next", noon), refresh(noon))
				if err != nil {
					f.Errorf("rotate: %v", err)
				}
				outcomes[r.Outcome].Add(1)
			})
		}, want)
		equal(f, "reused", outcomes[store.Reused].Load(), 1)
		equal(f, "unknown", outcomes[store.Unknown].Load(), clients-1)
	}},
	{"of many who create one name one wins", func(f *fixture) {
		const clients = 50
		stores := f.processes()
		var won, lost atomic.Int64
		together(clients, func(i int) {
			_, err := stores[i%len(stores)].CreateUser(f.ctx, store.NewUser{ID: uuid.New(), Username: "alice", Folded: "alice", CreatedAt: noon},
				event(store.ActionUserCreated, noon))
			if err == nil {
				won.Add(1)
				return
			}
			f.is("create", err, store.ErrConflict)
			lost.Add(1)
		})
		equal(f, "won", won.Load(), 1)
		equal(f, "lost", lost.Load(), clients-1)
		equal(f, "events", len(f.events()), 1)
	}},
	{"of many who end one session one does", func(f *fixture) {
		u := f.user("alice")
		n := f.session(u, "one")
		stores := f.processes()
		var ends atomic.Int64
		e := about(event(store.ActionLogout, noon), u.ID, n.ID)
		f.writes("ends", func() {
			together(16, func(i int) {
				ended, err := stores[i%len(stores)].EndSession(f.ctx, n.ID, e)
				if err != nil {
					f.Errorf("end session: %v", err)
				}
				if ended {
					ends.Add(1)
				}
			})
		}, e)
		equal(f, "ends", ends.Load(), 1)
	}},
	{"many who delete dead sessions delete each once", func(f *fixture) {
		u := f.user("alice")
		for i := range 40 {
			f.session(u, fmt.Sprint(i))
		}
		f.endAll(f.store, store.OfUser(u.ID), event(store.ActionSessionsRevoked, noon))
		stores := f.processes()
		var deleted atomic.Int64
		together(8, func(i int) {
			n, _, err := stores[i%len(stores)].DeleteDeadSessions(f.ctx, store.DeadSessionPage{ExpiredBefore: noon, Limit: 25})
			if err != nil {
				f.Errorf("delete dead sessions: %v", err)
			}
			deleted.Add(int64(n))
		})
		equal(f, "deleted and left", int(deleted.Load())+f.rows(), 40)
	}},
	{"nothing that is in flight outlives ending everyone's sessions", func(f *fixture) {
		f.outlived(func(store.User) error {
			_, err := f.store.EndSessions(f.ctx, store.Everyone(), event(store.ActionSessionsRevoked, noon))
			return err
		})
	}},
	{"nothing that is in flight outlives ending the user's sessions", func(f *fixture) {
		f.outlived(func(u store.User) error {
			_, err := f.store.EndSessions(f.ctx, store.OfUser(u.ID), event(store.ActionSessionsRevoked, noon))
			return err
		})
	}},
	{"nothing that is in flight outlives disabling the user", func(f *fixture) {
		f.outlived(func(u store.User) error {
			_, err := f.store.DisableUser(f.ctx, u.ID, event(store.ActionUserDisabled, noon))
			return err
		})
	}},
	{"nothing that is in flight outlives disabling and enabling the user", func(f *fixture) {
		f.outlived(func(u store.User) error {
			if _, err := f.store.DisableUser(f.ctx, u.ID, event(store.ActionUserDisabled, noon)); err != nil {
				return err
			}
			_, err := f.store.EnableUser(f.ctx, u.ID, event(store.ActionUserEnabled, noon))
			return err
		})
	}},
	{"nothing that is in flight outlives a new password, and no upgrade undoes it", func(f *fixture) {
		f.outlived(func(u store.User) error {
			_, err := f.store.SetPassword(f.ctx, u.ID, "$argon2id$new", nil, event(store.ActionPasswordChanged, noon))
			return err
		})
		for _, u := range f.allUsers(store.UserPage{Limit: 100}) {
			c, err := f.store.Credentials(f.ctx, u)
			f.ok("read credentials", err)
			equal(f, "hash of "+u, c.PasswordHash, "$argon2id$new")
		}
	}},
	{"nothing that is in flight outlives deleting the user", func(f *fixture) {
		f.outlived(func(u store.User) error {
			return f.store.DeleteUser(f.ctx, u.ID, store.Deletion{}, event(store.ActionUserDeleted, noon))
		})
		equal(f, "rows", f.rows(), 0)
	}},
}

// outlived runs logins and rotations at the same time as end, several times. The logins have read the
// user before. It checks that no session is alive afterwards.
func (f *fixture) outlived(end func(u store.User) error) {
	f.Helper()
	const rounds, sessions, logins = 4, 8, 8
	stores := f.processes()
	for round := range rounds {
		u := f.user(fmt.Sprint("user ", round))
		type client struct {
			session store.NewSession
			token   string // the newest token of the client
		}
		clients := make([]client, sessions+logins)
		for i := range clients {
			token := fmt.Sprintf("round %d client %d", round, i)
			clients[i] = client{f.newSession(u, token), token}
			if i < sessions {
				f.start(clients[i].session)
			} else {
				clients[i].session.Rehash = "$argon2id$stronger"
			}
		}
		together(len(clients)+1, func(i int) {
			if i == len(clients) {
				if err := end(u); err != nil {
					f.Errorf("end: %v", err)
				}
				return
			}
			c, s := &clients[i], stores[i%len(stores)]
			if i >= sessions {
				if _, err := s.StartSession(f.ctx, c.session, about(event(store.ActionLogin, noon), u.ID, c.session.ID)); err != nil {
					f.Errorf("start session: %v", err)
				}
			}
			for n := range 5 {
				next := fmt.Sprintf("%s rotation %d", c.token, n)
				r, err := s.Rotate(f.ctx, rotation(c.session.ID, c.token, next, noon), refresh(noon))
				if err != nil {
					f.Errorf("rotate: %v", err)
				}
				if r.Outcome != store.Rotated {
					return
				}
				c.token = next
			}
		})
		for _, s := range f.alive(noon) {
			f.Errorf("round %d: session %s of generation %+v is alive", round, s.ID, s.Generation)
		}
		count, _, err := f.store.CountSessions(f.ctx, store.CountPage{Scope: store.Everyone(), Now: noon, Limit: 1000})
		f.ok("count sessions", err)
		equal(f, "alive", count, store.SessionCount{})
		for _, c := range clients {
			if a, err := f.store.Access(f.ctx, u.ID, c.session.ID); err == nil && a.SessionExists && !c.session.Generation.Behind(a.Generation) {
				f.Errorf("round %d: an access token of %s is good", round, c.session.ID)
			}
			if o := f.outcome(c.session.ID, c.token, "last", noon); o == store.Rotated || o == store.Retried {
				f.Errorf("round %d: a refresh token of %s is good: %s", round, c.session.ID, o)
			}
		}
	}
}
