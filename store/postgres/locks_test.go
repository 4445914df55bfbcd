package postgres_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// waiting returns once a statement waits for a lock.
func (p *someone) waiting(db *pgxpool.Pool) {
	p.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		var n int
		p.ok(db.QueryRow(p.ctx, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n))
		if n > 0 {
			return
		}
		if time.Now().After(deadline) {
			p.Fatal("nobody waits")
		}
	}
}

// TestASignInLocksInTheOrderOfAllStatements locks the rows that a sign-in changes, one after
// another. While the sign-in waits for a row, all later rows must be unlocked.
func TestASignInLocksInTheOrderOfAllStatements(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	s := open(t, postgres.Config{URL: url, StatementCache: "describe"}) // without a lock_timeout
	p := newSomeone(t, s)
	db, err := pgxpool.New(p.ctx, url)
	p.ok(err)
	t.Cleanup(db.Close)
	rows := []struct{ name, lock string }{
		{"user", `SELECT 1 FROM users FOR NO KEY UPDATE NOWAIT`},
		{"counter here", `SELECT 1 FROM login_attempts WHERE slot = 1 FOR UPDATE NOWAIT`},
		{"counter anywhere", `SELECT 1 FROM login_attempts WHERE slot = 2 FOR UPDATE NOWAIT`},
		{"place", `SELECT 1 FROM known_places FOR UPDATE NOWAIT`},
	}
	attempt := store.Attempt{
		At: at, Folded: "alice", Address: "192.0.2.1", Known: store.Place{Slot: 3, Key: 3},
		Here:     store.Counter{Slot: 1, Key: 1, Delays: []time.Duration{0}, Quiet: time.Minute},
		Anywhere: store.Counter{Slot: 2, Key: 2, Delays: []time.Duration{0}, Quiet: time.Minute},
	}
	signIn := func() error {
		n := store.NewSession{ID: uuid.New(), UserID: p.user.ID, TokenHash: uuid.NewString(), CreatedAt: at, ExpiresAt: at.Add(time.Hour),
			AbsoluteExpiresAt: at.Add(2 * time.Hour), PasswordHash: p.hash, Attempt: &attempt}
		_, err := s.StartSession(p.ctx, n, login)
		return err
	}
	prepare := func() {
		_, err := s.BeginLogin(p.ctx, attempt)
		p.ok(err)
		failed := store.Event{Action: store.ActionLoginFailed, At: at, Actor: "anonymous", UserID: p.user.ID}
		p.ok(s.FailLogin(p.ctx, 0, store.Ceiling{}, nil, failed))
	}
	prepare()
	p.ok(signIn()) // so that there is a place
	for i, held := range rows {
		prepare()
		tx, err := db.Begin(p.ctx)
		p.ok(err)
		var one int
		p.ok(tx.QueryRow(p.ctx, held.lock).Scan(&one))
		done := make(chan error, 1)
		go func() { done <- signIn() }()
		p.waiting(db)
		for _, later := range rows[i+1:] {
			if err := db.QueryRow(p.ctx, later.lock).Scan(&one); err != nil {
				t.Errorf("while the %s is held, a sign-in holds the %s: %v", held.name, later.name, err)
			}
		}
		p.ok(tx.Rollback(p.ctx))
		p.ok(<-done)
	}
}

// TestAPasswordThatIsDisabledDuringASignInKeepsItsFailures commits the last failure between
// the two halves of the statement that starts a session.
func TestAPasswordThatIsDisabledDuringASignInKeepsItsFailures(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	s := open(t, postgres.Config{URL: url, StatementCache: "describe"}) // without a lock_timeout
	p := newSomeone(t, s)
	db, err := pgxpool.New(p.ctx, url)
	p.ok(err)
	t.Cleanup(db.Close)
	p.ok(s.FailLogin(p.ctx, 2, store.Ceiling{}, nil, store.Event{Action: store.ActionLoginFailed, At: at, Actor: "anonymous", UserID: p.user.ID}))
	done := make(chan error, 1)
	p.ok(pgx.BeginFunc(p.ctx, db, func(tx pgx.Tx) error {
		_, err := tx.Exec(p.ctx, `UPDATE users SET failed_logins = 2, password_disabled_at = $1`, at)
		p.ok(err)
		go func() {
			n := store.NewSession{ID: uuid.New(), UserID: p.user.ID, TokenHash: "a token", CreatedAt: at, ExpiresAt: at.Add(time.Hour),
				AbsoluteExpiresAt: at.Add(2 * time.Hour), PasswordHash: p.hash, Rehash: "$argon2id$1"}
			_, err := s.StartSession(p.ctx, n, login)
			done <- err
		}()
		p.waiting(db)
		return nil
	}))
	p.ok(<-done)
	user, err := s.User(p.ctx, "alice")
	p.ok(err)
	if !user.PasswordDisabled() || user.FailedLogins != 2 {
		t.Errorf("%d failures, disabled: %t; want 2 and a disabled password", user.FailedLogins, user.PasswordDisabled())
	}
}
