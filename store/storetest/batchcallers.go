package storetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var batchCallerCases = []testCase{
	{"a caller who leaves while it waits is not carried out, and the others are", func(f *fixture) {
		l := f.leavers()
		h := f.hold()
		l.ask(h, func() {})
		l.leave()
		h.letGo()
		l.check(store.Rotated) // nobody has rotated it before
	}},
	{"a caller who leaves while its batch is under way has its answer at once, and undoes nothing", func(f *fixture) {
		l, o := f.leavers(), f.obstacle()
		h := f.hold()
		l.ask(h, func() { h.rotates(o.Rotation) })
		h.release()
		o.reached()
		l.leave()
		time.Sleep(letGoAfter)
		o.remove()
		h.finish(1)
		l.check(store.Rotated, store.Retried)
	}},
}

// letGoAfter is more than PostgreSQL's store waits before it cuts a statement off whose context has
// ended.
const letGoAfter = 300 * time.Millisecond

// leavers are callers of whom every third leaves.
type leavers struct {
	*fixture
	ids     [10]uuid.UUID
	ctx     context.Context
	cancel  func()
	left    chan error
	staying []*rotated
}

func (f *fixture) leavers() *leavers {
	f.Helper()
	l := &leavers{fixture: f, left: make(chan error)}
	l.ctx, l.cancel = context.WithCancel(f.ctx)
	u := f.user("alice")
	for i := range l.ids {
		l.ids[i] = f.session(u, fmt.Sprint("token ", i)).ID
	}
	return l
}

// ask has all of them wait for a rotation, and calls middle between two of them.
func (l *leavers) ask(h *held, middle func()) {
	l.Helper()
	for i, id := range l.ids {
		if i == len(l.ids)/2 {
			middle()
		}
		token := fmt.Sprint("token ", i)
		if r := rotation(id, token, token+" next", noon); i%3 > 0 {
			l.staying = append(l.staying, h.rotates(r))
		} else {
			h.ask(func() {
				_, err := l.store.Rotate(l.ctx, r, refresh(noon))
				l.left <- err
			})
		}
	}
}

// leave ends the contexts, and waits for the answers although the store gives none.
func (l *leavers) leave() {
	l.Helper()
	l.cancel()
	for i := 0; i < len(l.ids); i += 3 {
		err := <-l.left
		l.is("leave", err, store.ErrUnavailable)
		l.is("leave", err, context.Canceled)
	}
}

// check checks that those who stay are served, and that the sessions of those who left go on.
func (l *leavers) check(possible ...store.Outcome) {
	l.Helper()
	for _, r := range l.staying {
		l.ok("rotate", r.err)
		equal(l, "who stays", r.result.Outcome, store.Rotated)
	}
	for i := 0; i < len(l.ids); i += 3 {
		token, newest := fmt.Sprint("token ", i), "again"
		again := l.rotate(rotation(l.ids[i], token, token+newest, noon))
		if !slices.Contains(possible, again.Outcome) {
			l.Errorf("%s again: got %s, want one of %v", token, again.Outcome, possible)
		}
		if again.Outcome == store.Retried {
			newest = " next"
			equal(l, token, again.Successors, []store.Sealed{sealedAs(token + newest)})
		}
		equal(l, token+newest, l.outcome(l.ids[i], token+newest, "x"+token, noon), store.Rotated)
	}
}

// obstacle is a rotation that stops the batch in which it is.
type obstacle struct {
	store.Rotation
	reached func() // waits until a batch has met it
	remove  func() // lets the batch go on
}

func (f *fixture) obstacle() obstacle {
	f.Helper()
	n := f.session(f.user("obstacle"), "obstacle")
	r := rotation(n.ID, "obstacle", "obstacle next", noon)
	if f.backend.Name == "sqlite" { // which judges tokens within the batch
		f.rotate(r)
		met, removed := make(chan struct{}), make(chan struct{})
		r.Waited = func() time.Duration {
			close(met)
			<-removed
			return 0
		}
		reached := func() {
			select {
			case <-met:
			case <-time.After(20 * time.Second):
				f.Fatal("the batch does not judge the token")
			}
		}
		return obstacle{r, reached, func() { close(removed) }}
	}
	f.ddl(`CREATE FUNCTION obstruct() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NEW; END $$`,
		`CREATE TRIGGER obstruct BEFORE UPDATE ON refresh_tokens FOR EACH ROW WHEN (NEW.token_hash = '`+r.NextHash+`') EXECUTE FUNCTION obstruct()`)
	conn, err := f.db.Conn(f.ctx)
	f.ok("connect", err)
	f.Cleanup(func() { conn.Close() })
	do := func(statement string) {
		_, err := conn.ExecContext(f.ctx, statement)
		f.ok(statement, err)
	}
	do(`SELECT pg_advisory_lock(42)`)
	return obstacle{r, func() {
		f.await(`SELECT count(*) > 0 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
WHERE d.datname = current_database() AND l.locktype = 'advisory' AND NOT l.granted`)
	}, func() { do(`SELECT pg_advisory_unlock(42)`) }}
}

// await waits until a query yields true.
func (f *fixture) await(query string) {
	f.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		var holds bool
		f.ok("query", f.db.QueryRowContext(f.ctx, query).Scan(&holds))
		if holds {
			return
		}
	}
	f.Fatalf("it does not come about: %s", query)
}
