package storetest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// fixture is a store on a database of its own.
type fixture struct {
	testing.TB
	ctx     context.Context
	backend Backend
	where   string
	store   store.Store
	db      *sql.DB
}

func newFixture(t testing.TB, b Backend, where string) *fixture {
	t.Helper()
	return &fixture{TB: t, ctx: t.Context(), backend: b, where: where, store: b.Open(t, where), db: b.Connect(t, where)}
}

// noon is the instant at which every case begins. It has microseconds, and differs from every
// real clock.
var noon = time.Date(2031, 5, 6, 12, 0, 0, 123456000, time.UTC)

const (
	idle     = 7 * 24 * time.Hour
	lifetime = 30 * 24 * time.Hour
	window   = 10 * time.Second
	oldHash  = "$argon2id$old"
)

// event returns an event whose fields all differ from each other.
func event(action store.Action, at time.Time) store.Event {
	return store.Event{Action: action, At: at, Actor: "cli:ada", RemoteAddr: "192.0.2.1", UserAgent: "agent/1", RequestID: "r-1", Reason: "because"}
}

// about returns e with the ids of its user and session.
func about(e store.Event, userID, sessionID uuid.UUID) store.Event {
	e.UserID, e.SessionID = userID, sessionID
	return e
}

// hashOf returns a token hash for a name.
func hashOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])
}

// sealed returns 32 bytes for a name.
func sealed(name string) []byte {
	sum := sha256.Sum256([]byte("sealed " + name))
	return sum[:]
}

// sealedAs returns the sealed form of a named successor token.
func sealedAs(name string) store.Sealed {
	return store.Sealed{Verifier: string(sealed(name)), TokenHash: hashOf(name)}
}

// user creates a user of that name, whose password hash is oldHash.
func (f *fixture) user(name string) store.User {
	f.Helper()
	u, err := f.store.CreateUser(f.ctx, store.NewUser{
		ID: uuid.New(), Username: name, Folded: name, PasswordHash: oldHash, CreatedAt: noon,
	}, event(store.ActionUserCreated, noon))
	f.ok("create user", err)
	return u
}

// newSession prepares a sign-in of u at noon in the current generation.
func (f *fixture) newSession(u store.User, token string) store.NewSession {
	f.Helper()
	c, err := f.store.Credentials(f.ctx, u.Folded)
	f.ok("read credentials", err)
	return store.NewSession{
		ID: uuid.New(), UserID: u.ID, TokenHash: hashOf(token), Generation: c.Generation,
		CreatedAt: noon, ExpiresAt: noon.Add(idle), AbsoluteExpiresAt: noon.Add(lifetime),
		RemoteAddr: "192.0.2.9", UserAgent: "browser/1", PasswordHash: c.PasswordHash,
	}
}

// start carries out a sign-in.
func (f *fixture) start(n store.NewSession) {
	f.Helper()
	started, err := f.store.StartSession(f.ctx, n, about(event(store.ActionLogin, noon), n.UserID, n.ID))
	f.ok("start session", err)
	equal(f, "started", started, true)
}

// session signs u in at noon; its token is named token.
func (f *fixture) session(u store.User, token string) store.NewSession {
	f.Helper()
	n := f.newSession(u, token)
	f.start(n)
	return n
}

// listed returns n as a list shows it.
func listed(n store.NewSession, u store.User) store.Session {
	return store.Session{
		ID: n.ID, UserID: u.ID, Username: u.Username, CreatedAt: n.CreatedAt, LastUsedAt: n.CreatedAt,
		ExpiresAt: n.ExpiresAt, AbsoluteExpiresAt: n.AbsoluteExpiresAt, RemoteAddr: n.RemoteAddr, UserAgent: n.UserAgent,
		Generation: n.Generation,
	}
}

// alive returns everybody's sessions at an instant.
func (f *fixture) alive(at time.Time) []store.Session {
	f.Helper()
	sessions, _, err := f.store.Sessions(f.ctx, store.SessionPage{Now: at, Limit: 1000})
	f.ok("list sessions", err)
	return sessions
}

// access returns the result of Access for u and a session.
func (f *fixture) access(u store.User, session uuid.UUID) store.Access {
	f.Helper()
	a, err := f.store.Access(f.ctx, u.ID, session)
	f.ok("read access", err)
	return a
}

// generation returns the current generation pair of u.
func (f *fixture) generation(u store.User) store.Generation {
	f.Helper()
	return f.access(u, uuid.Nil).Generation
}

// rows counts the session rows, dead ones too.
func (f *fixture) rows() int {
	f.Helper()
	var n int
	f.ok("count rows", f.db.QueryRowContext(f.ctx, `SELECT count(*) FROM refresh_tokens`).Scan(&n))
	return n
}

// events reads the whole audit trail directly from the tables.
func (f *fixture) events() []store.Event {
	f.Helper()
	rows, err := f.db.QueryContext(f.ctx, `
SELECT at, action, actor, COALESCE(CAST(user_id AS TEXT), ''), COALESCE(CAST(session_id AS TEXT), ''), remote_addr, user_agent, request_id, reason
FROM audit_events
ORDER BY id`)
	f.ok("read events", err)
	defer rows.Close()
	var events []store.Event
	for rows.Next() {
		var e store.Event
		var at any
		var userID, sessionID string
		f.ok("scan event", rows.Scan(&at, &e.Action, &e.Actor, &userID, &sessionID, &e.RemoteAddr, &e.UserAgent, &e.RequestID, &e.Reason))
		e.At, e.UserID, e.SessionID = f.instant(at), f.id(userID), f.id(sessionID)
		events = append(events, e)
	}
	f.ok("read events", rows.Err())
	return events
}

func (f *fixture) instant(column any) time.Time {
	f.Helper()
	switch at := column.(type) {
	case time.Time:
		return at.UTC()
	case int64:
		return time.UnixMicro(at).UTC()
	default:
		f.Fatalf("an instant is stored as %T", column)
		return time.Time{}
	}
}

func (f *fixture) id(column string) uuid.UUID {
	f.Helper()
	if column == "" {
		return uuid.Nil
	}
	id, err := uuid.Parse(column)
	f.ok("parse id", err)
	return id
}

// writes checks that do adds exactly these events to the trail, in any order. The events of one
// statement have no order.
func (f *fixture) writes(what string, do func(), want ...store.Event) {
	f.Helper()
	before := len(f.events())
	do()
	got := f.events()[before:]
	if len(got) != len(want) {
		f.Errorf("%s wrote %d events %+v, want %d", what, len(got), got, len(want))
		return
	}
	for _, w := range want {
		found := false
		for _, g := range got {
			found = found || reflect.DeepEqual(g, w)
		}
		if !found {
			f.Errorf("%s wrote %+v, want among them %+v", what, got, w)
		}
	}
}

// endAll ends the sessions in scope, and returns the generation that is then current.
func (f *fixture) endAll(s store.Store, scope store.Scope, e store.Event) int64 {
	f.Helper()
	generation, err := s.EndSessions(f.ctx, scope, e)
	f.ok("end sessions", err)
	return generation
}

// ok stops the test unless err is nil.
func (f *fixture) ok(what string, err error) {
	f.Helper()
	if err != nil {
		f.Fatalf("%s: %v", what, err)
	}
}

// is checks for a sentinel error.
func (f *fixture) is(what string, got, want error) {
	f.Helper()
	if !errors.Is(got, want) {
		f.Errorf("%s: got error %v, want %v", what, got, want)
	}
}

func equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}
