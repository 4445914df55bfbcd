package authn

import (
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/authctl/authctl/store"
)

func TestSessionsBehaveAsTheModelSays(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, f *fixture, db *database) {
		var run atomic.Int64
		var resumed time.Time
		f = newFixture(t, f.store, mailOn)
		node := newFixture(t, f.store, mailOn)
		rapid.Check(t, func(t *rapid.T) { drive(t, f, node, db, &resumed, run.Add(1)) })
	})
}

// TestRefreshTokensBehaveAsTheModelSays: sessions mostly refresh, so that faults of the
// database, clocks and chains of tokens meet often. With two connections one rotation is under way
// at a time, so that the others wait and travel together.
func TestRefreshTokensBehaveAsTheModelSays(t *testing.T) {
	t.Parallel()
	onBothPools(t, 2, func(t *testing.T, f *fixture, db *database) {
		var run atomic.Int64
		var resumed time.Time
		rapid.Check(t, func(t *rapid.T) {
			drive(t, f, f, db, &resumed, run.Add(1), "login", "set roles", "refresh", "refresh again", "refresh at once", "chain", "failover", "outage", "wait a little")
		})
		f.wantBatches(t)
	})
}

// TestLinksBehaveAsTheModelSays has mailed links meet whatever makes them useless.
func TestLinksBehaveAsTheModelSays(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, f *fixture, db *database) {
		var run atomic.Int64
		var resumed time.Time
		f = newFixture(t, f.store, mailOn)
		rapid.Check(t, func(t *rapid.T) { drive(t, f, f, db, &resumed, run.Add(1), mailOnly()...) })
	})
}

// mailOn turns e-mail on, without a limit of anything.
func mailOn(c *Config) {
	mailing(c)
	c.Accounts = AccountLimits{}
}

func drive(t *rapid.T, f, node *fixture, db *database, resumed *time.Time, run int64, only ...string) {
	w := &world{f: f, node: node, resumed: resumed, seen: map[uuid.UUID]bool{}}
	operator := Actor{Name: "cli:model"}
	for i := range 2 {
		u := &modelUser{name: fmt.Sprintf("user-%d-%d", run, i), password: goodPassword}
		if i == 0 && f.EmailOn() {
			u.email = fmt.Sprintf("run-%d-0@example.com", run)
		}
		r, err := f.CreateUser(f.ctx, operator, NewAccount{Account: Account{Username: u.name, Password: u.password, Email: u.email}, Verified: true})
		check(t, "create", err, "")
		u.id = r.User.ID
		w.users = append(w.users, u)
	}
	refresh := func(t *rapid.T) {
		s := w.anySession(t)
		// mostly the current token, then the one before, then any
		back := min(rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2, 3, 8, 9}).Draw(t, "back"), len(s.tokens)-1)
		token := s.tokens[len(s.tokens)-1-back]
		if len(s.lost) > 0 && rapid.Bool().Draw(t, "lost") {
			token = rapid.SampledFrom(s.lost).Draw(t, "lost token")
		}
		now := f.now()
		code, outcome := w.refresh(s, token, now)
		g, err := f.Refresh(f.ctx, visitor, token.secret)
		check(t, "refresh", err, code)
		if g.Outcome != outcome {
			t.Fatalf("refresh: got %s, want %s", g.Outcome, outcome)
		}
		switch outcome {
		case store.Rotated:
			w.rotate(s, g, now)
		case store.Retried:
			if g.RefreshToken != s.current().secret {
				t.Fatalf("refresh: a retry did not get the newest token")
			}
		default:
			return
		}
		s.access = append(s.access, g)
		s.user.checkRights(t, g)
		if !g.RefreshExpiresAt.Equal(s.expires) {
			t.Fatalf("refresh: got expiry %s, want %s", g.RefreshExpiresAt, s.expires)
		}
	}
	actions := map[string]func(*rapid.T){
		"login": func(t *rapid.T) {
			u := w.anyUser(t)
			var current string
			var replaced *modelSession
			if len(w.sessions) > 0 && rapid.Bool().Draw(t, "with a cookie") {
				replaced = w.anySession(t)
				current = rapid.SampledFrom(replaced.tokens).Draw(t, "cookie").secret
			}
			now := f.now()
			g, err := f.Login(f.ctx, visitor, Account{Username: u.name, Password: u.password}, current)
			if u.disabled {
				check(t, "login", err, CodeInvalidCredentials)
				return
			}
			check(t, "login", err, "")
			if replaced != nil {
				replaced.gone = true
			}
			u.checkRights(t, g)
			w.start(u, g, now)
		},
		"bad login": func(t *rapid.T) {
			_, err := f.Login(f.ctx, visitor, Account{Username: w.anyUser(t).name, Password: "not the password"}, "")
			check(t, "bad login", err, CodeInvalidCredentials)
		},
		"refresh":       refresh,
		"refresh again": refresh,
		"chain": func(t *rapid.T) { // tabs that wake together
			s := w.anySession(t)
			for range rapid.IntRange(2, 10).Draw(t, "length") {
				if !s.alive(f.now()) {
					return
				}
				g, err := f.Refresh(f.ctx, visitor, s.current().secret)
				check(t, "chain", err, "")
				w.rotate(s, g, f.now())
			}
		},
		"failover": func(t *rapid.T) { // to a replica that has not received the latest rotations
			s := w.anySession(t)
			if !s.alive(f.now()) {
				t.Skip("its session is dead")
			}
			db.keep(t)
			token := *s.current()
			for range rapid.IntRange(1, 3).Draw(t, "rotations") {
				g, err := f.Refresh(f.ctx, visitor, token.secret)
				check(t, "failover", err, "")
				token = modelToken{secret: g.RefreshToken, step: token.step + 1}
				s.lost = append(s.lost, token)
			}
			db.putBack(t)
		},
		"restore": func(t *rapid.T) { // to before a revocation
			s := w.anySession(t)
			if !slices.Contains(w.users, s.user) {
				t.Skip("its user is deleted")
			}
			db.keep(t)
			if s.alive(f.now()) {
				g, err := f.Refresh(f.ctx, visitor, s.current().secret)
				check(t, "refresh before a restore", err, "")
				s.lost = append(s.lost, modelToken{secret: g.RefreshToken, step: s.current().step + 1})
			}
			_, err := f.EndSessions(f.ctx, operator, store.OfUser(s.user.id))
			check(t, "revoke before a restore", err, "")
			db.putBack(t)
			_, err = f.Cluster.FinishRestore(f.ctx, operator)
			check(t, "restore", err, "")
			w.endAll()
		},
		"outage": func(t *rapid.T) {
			f.advance(rapid.SampledFrom([]time.Duration{time.Second, 15 * time.Second, 10 * time.Minute, 50 * time.Minute}).Draw(t, "for"))
			*w.resumed = f.now()
			err := f.store.Resume(f.ctx, *w.resumed, operator.event(store.ActionResumed, *w.resumed))
			check(t, "outage", err, "")
		},
		"profile": func(t *rapid.T) {
			s := w.anySession(t)
			g := rapid.SampledFrom(s.access).Draw(t, "access token")
			_, err := f.Profile(f.ctx, g.AccessToken)
			check(t, "profile", err, s.profile(g, f.now()))
		},
		"verify elsewhere": func(t *rapid.T) {
			s := w.anySession(t)
			g := rapid.SampledFrom(s.access).Draw(t, "access token")
			w.node.clock.Store(f.clock.Load())
			check(t, "sync", w.node.Cluster.Sync(f.ctx), "")
			who, err := w.node.Verify(g.AccessToken)
			want := s.profile(g, f.now())
			if want == CodeSessionRevoked && s.user.disabled && !s.gone && !s.behind {
				t.Fatalf("a disabled user's session is not behind")
			}
			check(t, "verify elsewhere", err, want)
			if err == nil && (who.username != s.user.name || who.sessionID != g.SessionID || who.Roles() != s.user.rights.Roles) {
				t.Fatalf("verify elsewhere: got %+v", who)
			}
		},
		"end one": func(t *rapid.T) {
			s := w.anySession(t)
			err := f.EndSession(f.ctx, operator, s.access[0].SessionID)
			if s.gone {
				check(t, "end one", err, CodeSessionNotFound)
			} else {
				check(t, "end one", err, "")
			}
			s.gone = true
		},
		"end all others": func(t *rapid.T) {
			s := w.anySession(t)
			g := rapid.SampledFrom(s.access).Draw(t, "access token")
			check(t, "sync", f.Cluster.Sync(f.ctx), "")
			want := s.profile(g, f.now())
			check(t, "end all others", f.EndOtherSessions(f.ctx, visitor, g.AccessToken), want)
			for _, other := range w.sessions {
				if want == "" && other.user == s.user && other != s && other.alive(f.now()) {
					other.behind = true
				}
			}
			for _, l := range w.links {
				l.behind = l.behind || want == "" && l.user == s.user
			}
		},
		"logout": func(t *rapid.T) {
			s := w.anySession(t)
			check(t, "logout", f.Logout(f.ctx, visitor, []string{rapid.SampledFrom(s.tokens).Draw(t, "token").secret}, []string{""}), "")
			s.gone = true
		},
		"revoke user": func(t *rapid.T) {
			u := w.anyUser(t)
			_, err := f.EndSessions(f.ctx, operator, store.OfUser(u.id))
			check(t, "revoke", err, "")
			w.endUser(u)
		},
		"revoke everyone": func(t *rapid.T) {
			_, err := f.EndSessions(f.ctx, operator, store.Everyone())
			check(t, "revoke", err, "")
			w.endAll()
		},
		"disable": func(t *rapid.T) {
			u := w.anyUser(t)
			_, err := f.DisableUser(f.ctx, operator, u.name)
			check(t, "disable", err, "")
			u.disabled = true
			w.endUser(u)
			w.dropLinks(u)
		},
		"enable": func(t *rapid.T) {
			u := w.anyUser(t)
			_, err := f.EnableUser(f.ctx, operator, u.name)
			check(t, "enable", err, "")
			u.disabled = false
		},
		"set roles": func(t *rapid.T) {
			u := w.anyUser(t)
			change := RightsChange{Grant: rapid.SliceOf(rapid.SampledFrom([]string{"admin", "editor"})).Draw(t, "given")}
			if rapid.Bool().Draw(t, "instead") {
				change = RightsChange{Revoke: []string{"admin"}, Set: map[string]jsontext.Value{"n": []byte(rapid.SampledFrom([]string{"1", "2"}).Draw(t, "claim"))}}
			}
			is, changed, err := f.SetRights(f.ctx, operator, u.name, change)
			check(t, "set roles", err, "")
			if changed == (is.Rights == u.rights) || changed && is.Rights.Generation <= u.rights.Generation {
				t.Fatalf("set roles: %t, from %+v to %+v", changed, u.rights, is.Rights)
			}
			u.rights = is.Rights
		},
		"set password": func(t *rapid.T) {
			u := w.anyUser(t)
			u.password = w.anyPassword(t)
			_, err := f.SetPassword(f.ctx, operator, u.name, u.password)
			check(t, "set password", err, "")
			w.endUser(u)
			w.dropLinks(u)
		},
		"sweep": func(t *rapid.T) {
			_, err := f.Sweep(f.ctx, store.Everyone(), nil)
			check(t, "sweep", err, "")
			for _, s := range w.sessions {
				s.gone = s.gone || s.behind || s.expires.Before(f.now().Add(-deadSessionsKept))
			}
		},
		"wait a little": func(t *rapid.T) {
			f.advance(rapid.SampledFrom([]time.Duration{time.Second, 3 * time.Second, 9 * time.Second, 90 * time.Second}).Draw(t, "how long"))
		},
		"wait": func(t *rapid.T) {
			f.advance(rapid.SampledFrom([]time.Duration{time.Microsecond, time.Second, 5 * time.Second, 11 * time.Second,
				10 * time.Minute, 3 * 24 * time.Hour, 7 * 24 * time.Hour}).Draw(t, "how long"))
		},
		"": func(t *rapid.T) {
			for _, u := range w.users {
				var want int64
				for _, s := range w.sessions {
					if s.user == u && s.alive(f.now()) {
						want++
					}
				}
				got, err := f.CountSessions(f.ctx, store.OfUser(u.id))
				check(t, "count", err, "")
				if got.Sessions != want {
					t.Fatalf("%s: got %d live sessions, want %d", u.name, got.Sessions, want)
				}
			}
		},
	}
	maps.Copy(actions, w.mailActions(run))
	maps.Copy(actions, w.atOnceActions(db))
	maps.Copy(actions, w.accountActions(run))
	if only != nil {
		maps.DeleteFunc(actions, func(name string, _ func(*rapid.T)) bool { return !slices.Contains(only, name) })
	}
	t.Repeat(actions)
}
