package postgres_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// settings records the parameters with which connections were opened.
type settings struct {
	mu     sync.Mutex
	params map[string]string
}

func (s *settings) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}
func (s *settings) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (s *settings) TraceConnectStart(ctx context.Context, data pgx.TraceConnectStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.params = maps.Clone(data.ConnConfig.RuntimeParams)
	return ctx
}
func (s *settings) TraceConnectEnd(context.Context, pgx.TraceConnectEndData) {}
func (s *settings) seen() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.params
}

var at = time.Date(2031, 5, 6, 12, 0, 0, 0, time.UTC)

// someone is a user with a way to sign in.
type someone struct {
	testing.TB
	ctx   context.Context
	store *postgres.Store
	user  store.User
	hash  string
	count int

	generation store.Generation
}

func newSomeone(t testing.TB, s *postgres.Store) *someone {
	t.Helper()
	p := &someone{TB: t, ctx: context.Background(), store: s, hash: "$argon2id$0"}
	var err error
	p.user, err = s.CreateUser(p.ctx, store.NewUser{ID: uuid.New(), Username: "alice", Folded: "alice", PasswordHash: p.hash, CreatedAt: at}, login)
	p.ok(err)
	return p
}

var login = store.Event{Action: store.ActionLogin, At: at, Actor: "anonymous"}

func (p *someone) ok(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

// signIn starts a session, replaces the hash if asked to, and returns the session's id and its
// token hash.
func (p *someone) signIn(rehash string, replaces uuid.UUID) (uuid.UUID, string) {
	p.Helper()
	p.count++
	n := store.NewSession{
		ID: uuid.New(), UserID: p.user.ID, TokenHash: hashOf(fmt.Sprint("token ", p.count)), CreatedAt: at, ExpiresAt: at.Add(time.Hour),
		AbsoluteExpiresAt: at.Add(2 * time.Hour), Generation: p.generation, PasswordHash: p.hash, Rehash: rehash, Replaces: replaces,
	}
	started, err := p.store.StartSession(p.ctx, n, login)
	p.ok(err)
	if !started {
		p.Fatal("the session did not start")
	}
	if rehash != "" {
		p.hash = rehash
	}
	return n.ID, n.TokenHash
}

// hashOf returns a token hash for a name. A name that is a hash already is returned as it is.
func hashOf(name string) string {
	if len(name) == 64 {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

func (p *someone) rotate(id uuid.UUID, from, to string) store.Outcome {
	p.Helper()
	r, err := p.store.Rotate(p.ctx, store.Rotation{
		SessionID: id, TokenHash: hashOf(from), NextHash: hashOf(to), Successor: make([]byte, 32), At: at, ExpiresAt: at.Add(time.Hour), RetryWindow: time.Second,
	}, login)
	p.ok(err)
	return r.Outcome
}

func TestTheHotPathsTakeOneRoundTrip(t *testing.T) {
	t.Parallel()
	trips := &storetest.RoundTrips{}
	s := open(t, postgres.Config{URL: storetest.Postgres(t), MaxConnections: 1, Tracer: trips})
	p := newSomeone(t, s)
	_, err := s.SetEmail(p.ctx, p.user.ID, store.Address{Text: "alice@example.com", Folded: "alice@example.com", Verified: true}, nil, login)
	p.ok(err)
	id, token := p.signIn("", uuid.Nil)
	read, err := s.Revocations(p.ctx, "", at)
	p.ok(err)
	hashes := 0
	for _, tt := range []struct {
		name string
		do   func()
	}{
		{"credentials", func() { _, err := s.Credentials(p.ctx, "alice"); p.ok(err) }},
		{"begin a login", func() { _, err := s.BeginLogin(p.ctx, attempt(at)); p.ok(err) }},
		{"begin a login of nobody", func() {
			a := attempt(at)
			a.Folded, a.Here.Key = "nobody", 3
			_, err := s.BeginLogin(p.ctx, a)
			p.ok(err)
		}},
		{"take a login back", func() { p.ok(s.TakeBackLogin(p.ctx, attempt(at))) }},
		{"fail a login", func() {
			p.ok(s.FailLogin(p.ctx, 100, store.Ceiling{}, nil, store.Event{Action: store.ActionLoginFailed, At: at, UserID: p.user.ID}))
		}},
		{"access", func() { _, err := s.Access(p.ctx, p.user.ID, id); p.ok(err) }},
		{"rotate", func() {
			next := hashOf("after " + token)
			if o := p.rotate(id, token, next); o != store.Rotated {
				t.Fatal(o)
			}
			token = next
		}},
		{"start a session", func() { p.signIn("", uuid.Nil) }},
		{"start a session, upgrade the hash and replace a session", func() {
			hashes++
			replaced := id
			id, token = p.signIn(fmt.Sprint("$argon2id$", hashes), replaced)
		}},
		{"start a session at a new place", func() {
			a := attempt(at)
			a.Known.Slot, a.Known.Key = int64(10+p.count), 1
			n := store.NewSession{ID: uuid.New(), UserID: p.user.ID, TokenHash: uuid.NewString(), CreatedAt: at, ExpiresAt: at, AbsoluteExpiresAt: at,
				PasswordHash: p.hash, Attempt: &a, Locale: "de", Notice: p.mail(store.MailNewPlace)}
			_, err := s.StartSession(p.ctx, n, login)
			p.ok(err)
			p.count++
		}},
		{"fail a login that disables the password", func() {
			p.ok(s.FailLogin(p.ctx, 1, store.Ceiling{}, p.mail(store.MailPasswordDisabled), store.Event{Action: store.ActionLoginFailed, At: at, UserID: p.user.ID}))
		}},
		{"claim mail", func() {
			_, err := s.ClaimMail(p.ctx, store.MailClaim{Lease: uuid.New(), Now: at.Add(time.Hour), Until: at.Add(2 * time.Hour), Limit: 1, MaxPerHour: 10})
			p.ok(err)
		}},
		{"claim no mail", func() {
			_, err := s.ClaimMail(p.ctx, store.MailClaim{Lease: uuid.New(), Now: at.Add(-time.Hour), Until: at, Limit: 1, MaxPerHour: 10})
			p.ok(err)
		}},
		{"record mail", func() {
			_, err := s.RecordMail(p.ctx, store.MailResult{ID: uuid.New(), Lease: uuid.New(), At: at, State: store.MailSent})
			p.ok(err)
		}},
		{"end a session", func() { _, err := s.EndSession(p.ctx, id, login); p.ok(err) }},
		{"user by id", func() { _, err := s.UserByID(p.ctx, p.user.ID); p.ok(err) }},
		{"revocations", func() { _, err := s.Revocations(p.ctx, read.Position, at); p.ok(err) }},
		{"save node", func() { p.ok(s.SaveNode(p.ctx, store.Node{ID: p.user.ID, Position: "1:1:"})) }},
		{"record", func() { p.ok(s.Record(p.ctx, login)) }},
		{"ready", func() { p.ok(s.Ready(p.ctx)) }},
	} {
		tt.do() // prepares the statement
		before := trips.All()
		tt.do()
		if got := trips.All() - before; got != 1 {
			t.Errorf("%s: got %d round trips, want 1", tt.name, got)
		}
	}
}

// mail returns a notice.
func (p *someone) mail(kind store.MailKind) *store.NewMail {
	return &store.NewMail{ID: uuid.New(), Kind: kind, MessageID: "x@example.com", ExpiresAt: at.Add(72 * time.Hour)}
}

// attempt is an attempt that no limit delays.
func attempt(at time.Time) store.Attempt {
	return store.Attempt{
		At: at, Folded: "alice", Address: "192.0.2.1",
		Here:     store.Counter{Slot: 1, Key: 1, Delays: []time.Duration{0}},
		Anywhere: store.Counter{Slot: 2, Key: 2, Delays: []time.Duration{0}},
	}
}

func TestEveryStatementWorksWithEveryStatementCache(t *testing.T) {
	t.Parallel()
	for _, cache := range []string{"describe", "none"} {
		t.Run(cache, func(t *testing.T) {
			t.Parallel()
			s := open(t, postgres.Config{URL: storetest.Postgres(t), StatementCache: cache})
			p := newSomeone(t, s)
			for i := range 2 { // the second time from the cache
				_, err := s.BeginLogin(p.ctx, attempt(at))
				p.ok(err)
				p.ok(s.TakeBackLogin(p.ctx, attempt(at)))
				p.ok(s.FailLogin(p.ctx, 1, store.Ceiling{}, nil, store.Event{Action: store.ActionLoginFailed, At: at, UserID: p.user.ID}))
				_, err = s.UnlockUser(p.ctx, p.user.ID, store.Event{Action: store.ActionUserUnlocked, At: at})
				p.ok(err)
				_, err = s.Attempts(p.ctx, store.AttemptsPage{UserID: p.user.ID, Address: "192.0.2.1", After: -1, Limit: 1})
				p.ok(err)
				_, err = s.ClearAttempts(p.ctx, p.user.ID, "192.0.2.1", 10, store.Event{Action: store.ActionAttemptsCleared, At: at})
				p.ok(err)
				_, err = s.DeleteOldAttempts(p.ctx, at, -1, 10)
				p.ok(err)
				_, err = s.DeleteOldPlaces(p.ctx, at, -1, 10)
				p.ok(err)
				first, token := p.signIn("", uuid.Nil)
				second, other := p.signIn(fmt.Sprint("$argon2id$new", i), first)
				if got := p.rotate(first, token, "x"); got != store.Unknown {
					t.Errorf("replaced session: got %s", got)
				}
				for _, step := range []struct {
					from string
					want store.Outcome
				}{{other, store.Rotated}, {other, store.Retried}, {"forged", store.Reused}, {other, store.Unknown}} {
					if got := p.rotate(second, step.from, fmt.Sprint("next", i)); got != step.want {
						t.Errorf("rotate %s: got %s, want %s", step.from, got, step.want)
					}
				}
				third, _ := p.signIn("", uuid.Nil)
				sessions, err := s.UserSessions(p.ctx, store.UserSessionPage{Now: at, UserID: p.user.ID, Limit: 10})
				p.ok(err)
				all, _, err := s.Sessions(p.ctx, store.SessionPage{Now: at, Limit: 10})
				p.ok(err)
				count, _, err := s.CountSessions(p.ctx, store.CountPage{Scope: store.Everyone(), Now: at, Limit: 10})
				p.ok(err)
				if len(sessions) != 1 || len(all) != 1 || count != (store.SessionCount{Sessions: 1, Users: 1}) {
					t.Errorf("got %d and %d sessions and %+v, want one", len(sessions), len(all), count)
				}
				a, err := s.Access(p.ctx, p.user.ID, third)
				p.ok(err)
				if !a.SessionExists {
					t.Error("access: no session")
				}
				users, _, err := s.Users(p.ctx, store.UserPage{Search: "lic", Limit: 3})
				p.ok(err)
				if len(users) != 1 {
					t.Errorf("got %d users, want 1", len(users))
				}
				ended, err := s.EndSession(p.ctx, third, login)
				p.ok(err)
				if !ended {
					t.Error("the session did not end")
				}
				_, _, err = s.DeleteDeadSessions(p.ctx, store.DeadSessionPage{ExpiredBefore: at, Limit: 10})
				p.ok(err)
				_, err = s.User(p.ctx, "alice")
				p.ok(err)
				_, err = s.EnableUser(p.ctx, p.user.ID, login)
				p.ok(err)
				_, err = s.UserByID(p.ctx, p.user.ID)
				p.ok(err)
				fourth, _ := p.signIn("", uuid.Nil)
				_, _, err = s.SessionState(p.ctx, fourth)
				p.ok(err)
				if _, err = s.Ending(p.ctx, p.user.ID, fourth, at.Add(time.Hour)); !errors.Is(err, store.ErrNotFound) {
					t.Errorf("ending of a live session: got %v", err)
				}
				_, err = s.EndSessionsByID(p.ctx, []uuid.UUID{fourth}, store.Event{Action: store.ActionLogout, At: at})
				p.ok(err)
				_, err = s.Ending(p.ctx, p.user.ID, fourth, at)
				p.ok(err)
				feed, err := s.Revocations(p.ctx, "", at)
				p.ok(err)
				feed, err = s.Revocations(p.ctx, feed.Position, at)
				p.ok(err)
				p.ok(s.SaveNode(p.ctx, store.Node{ID: p.user.ID, Position: feed.Position}))
				nodes, err := s.Nodes(p.ctx, at)
				p.ok(err)
				if len(nodes) != 1 || nodes[0].Behind != 0 {
					t.Errorf("got the nodes %+v", nodes)
				}
				p.ok(s.RemoveNode(p.ctx, p.user.ID))
				p.ok(s.AskNodes(p.ctx, at))
				p.ok(s.Resume(p.ctx, time.Time{}, store.Event{Action: store.ActionResumed, At: at}))
				p.ok(s.RemoveOldNodes(p.ctx, at))
				_, err = s.DeleteOldRevocations(p.ctx, at, 10)
				p.ok(err)
			}
			p.mails()
			p.outbox()
			_, err := s.SetPassword(p.ctx, p.user.ID, "$argon2id$new", nil, login)
			p.ok(err)
			_, err = s.DisableUser(p.ctx, p.user.ID, login)
			p.ok(err)
			for _, scope := range []store.Scope{store.OfUser(p.user.ID), store.Everyone()} {
				_, err := s.EndSessions(p.ctx, scope, login)
				p.ok(err)
			}
			p.ok(s.DeleteUser(p.ctx, p.user.ID, store.Deletion{}, login))
		})
	}
}
