package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/sqlite"
)

// TestAChangeThatFailsUndoesItselfAndNoOther: each of the failing changes writes first.
func TestAChangeThatFailsUndoesItselfAndNoOther(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(context.Context, *sql.Tx) error{
		"by its own error":    func(context.Context, *sql.Tx) error { return errNothing },
		"by a constraint":     func(ctx context.Context, tx *sql.Tx) error { return rename(ctx, tx, "alice", "robert") },
		"by a foreign key":    orphan,
		"by a missing table":  func(ctx context.Context, tx *sql.Tx) error { return execute(ctx, tx, `DELETE FROM nothing`) },
		"by the end of all":   endOfAll,
		"by the lack of room": fillDisk,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := newTraffic(t)
			alice, bob := signIn(t, q, "alice"), signIn(t, q, "bob")
			q.stop()
			first := q.ask(func() error { return alice.rotate(q) })
			second := q.ask(func() error { return createUser(q, "carol") })
			failed := q.ask(func() error {
				return q.Join(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
					if err := rename(ctx, tx, "bob", "robert"); err != nil {
						t.Error(err)
					}
					return fail(ctx, tx)
				})
			})
			third := q.ask(func() error { return bob.rotate(q) })
			q.let()
			if err := errors.Join(first(), second(), third()); err != nil {
				t.Errorf("its neighbours: %v", err)
			}
			if failed() == nil {
				t.Error("it did not fail")
			}
			if name == "by the lack of room" && !errors.Is(failed(), store.ErrFull) {
				t.Errorf("got %v, want that there is no room", failed())
			}
			if _, err := q.User(t.Context(), "bob"); err != nil {
				t.Errorf("what it wrote first has stayed: %v", err)
			}
			for _, o := range []*owner{alice, bob} {
				if _, state, err := q.SessionState(t.Context(), o.session); err != nil || state.TokenHash != o.hash(2) {
					t.Errorf("a neighbour was undone: %v", err)
				}
			}
			if _, err := q.User(t.Context(), "carol"); err != nil {
				t.Errorf("a neighbour was undone: %v", err)
			}
		})
	}
}

func execute(ctx context.Context, tx *sql.Tx, query string, args ...any) error {
	_, err := tx.ExecContext(ctx, query, args...)
	return err
}

func rename(ctx context.Context, tx *sql.Tx, from, to string) error {
	return execute(ctx, tx, `UPDATE users SET username = ?2, username_folded = ?2 WHERE username_folded = ?1`, from, to)
}

func orphan(ctx context.Context, tx *sql.Tx) error {
	return execute(ctx, tx, `
INSERT INTO refresh_tokens (id, user_id, token_hash, expires_at, absolute_expires_at, last_used_at, installation_generation, user_generation)
VALUES ('x', 'nobody', 'x', 0, 0, 0, 0, 0)`)
}

// endOfAll does what SQLite does after some errors.
func endOfAll(ctx context.Context, tx *sql.Tx) error {
	return errors.Join(errNothing, execute(ctx, tx, `ROLLBACK`))
}

// fillDisk limits the pages of SQLite, as a full disk does, and needs more.
func fillDisk(ctx context.Context, tx *sql.Tx) error {
	var pages int
	if err := tx.QueryRowContext(ctx, `PRAGMA page_count`).Scan(&pages); err != nil {
		return err
	}
	defer execute(ctx, tx, `PRAGMA max_page_count = 1000000`)
	if err := execute(ctx, tx, fmt.Sprintf(`PRAGMA max_page_count = %d`, pages+1)); err != nil {
		return err
	}
	return execute(ctx, tx, `INSERT INTO audit_events (at, action, actor, remote_addr, user_agent, request_id, reason) VALUES (0, 'x', 'x', '', '', '', ?1)`,
		strings.Repeat("x", 1<<20))
}

// TestARotationWhoseResultCannotBeReadIsNotMade: the id of its user is none.
func TestARotationWhoseResultCannotBeReadIsNotMade(t *testing.T) {
	t.Parallel()
	q := newTraffic(t)
	alice, bob, carol := signIn(t, q, "alice"), signIn(t, q, "bob"), signIn(t, q, "carol")
	for _, statement := range []string{`PRAGMA foreign_keys = OFF`, `UPDATE users SET id = 'x' WHERE username = 'bob'`,
		`UPDATE refresh_tokens SET user_id = 'x' WHERE id = '` + bob.session.String() + `'`, `PRAGMA foreign_keys = ON`} {
		if _, err := q.Writer().ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	q.stop()
	first := q.ask(func() error { return alice.rotate(q) })
	failed := q.ask(func() error { return bob.rotate(q) })
	last := q.ask(func() error { return carol.rotate(q) })
	q.let()
	if err := errors.Join(first(), last()); err != nil {
		t.Errorf("its neighbours: %v", err)
	}
	if failed() == nil {
		t.Error("it did not fail")
	}
	for o, step := range map[*owner]int64{alice: 2, bob: 1, carol: 2} {
		var hash string
		if err := q.Writer().QueryRowContext(t.Context(), `SELECT token_hash FROM refresh_tokens WHERE id = ?1`, o.session).Scan(&hash); err != nil {
			t.Fatal(err)
		}
		if hash != o.hash(step) {
			t.Errorf("a token is not that of step %d", step)
		}
	}
}

func TestAPanicIsThatOfItsCallerAlone(t *testing.T) {
	t.Parallel()
	type change = func(context.Context, *sql.Tx) error
	for name, join := range map[string]func(*sqlite.Store, context.Context, change) error{
		"with a savepoint":    (*sqlite.Store).Join,
		"without a savepoint": (*sqlite.Store).JoinWhole,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q := newTraffic(t)
			alice, bob := signIn(t, q, "alice"), signIn(t, q, "bob")
			q.stop()
			first := q.ask(func() error { return alice.rotate(q) })
			failed := q.ask(func() (err error) {
				defer func() { err = fmt.Errorf("panicked: %v", recover()) }()
				return join(q.Store, t.Context(), func(ctx context.Context, tx *sql.Tx) error {
					if err := rename(ctx, tx, "bob", "robert"); err != nil {
						t.Error(err)
					}
					panic("the cause")
				})
			})
			second := q.ask(func() error { return bob.rotate(q) })
			q.let()
			if err := errors.Join(first(), second()); err != nil {
				t.Errorf("its neighbours: %v", err)
			}
			if err := failed(); err == nil || !strings.Contains(err.Error(), "panicked: the cause") {
				t.Errorf("got %v, want a panic with its cause", err)
			}
			if _, err := q.User(t.Context(), "bob"); err != nil {
				t.Errorf("what it wrote first has stayed: %v", err)
			}
		})
	}
}

// TestNothingThatSharesACommitIsAcknowledgedOnceTheFileIsReplaced replaces the file when some of the
// changes are made and none is committed.
func TestNothingThatSharesACommitIsAcknowledgedOnceTheFileIsReplaced(t *testing.T) {
	t.Parallel()
	q := newTraffic(t)
	alice, bob := signIn(t, q, "alice"), signIn(t, q, "bob")
	q.stop()
	answers := []func() error{
		q.ask(func() error { return alice.rotate(q) }),
		q.ask(func() error {
			return q.Join(t.Context(), func(context.Context, *sql.Tx) error { return os.Rename(q.path, q.path+".old") })
		}),
		q.ask(func() error { return bob.rotate(q) }),
		q.ask(func() error { return createUser(q, "carol") }),
	}
	q.let()
	for _, answer := range answers {
		if err := answer(); !errors.Is(err, store.ErrReplaced) {
			t.Errorf("got %v, want ErrReplaced", err)
		}
	}
}
