package storetest

import (
	"errors"
	"fmt"

	"github.com/authctl/authctl/store"
)

var batchFaultCases = []testCase{
	{"a rotation that fails undoes none of its neighbours", func(f *fixture) {
		f.session(f.user("bob"), "taken")
		f.failing(func(r *store.Rotation) { r.NextHash = hashOf("taken") }, store.ErrConflict)
	}},
	{"a theft whose event cannot be written is undone alone", func(f *fixture) {
		f.failing(func(r *store.Rotation) {
			r.TokenHash = hashOf("forged")
			f.refuse("BEFORE INSERT ON audit_events", "NEW.session_id = '"+r.SessionID.String()+"'")
		}, nil)
	}},
	{"whoever is answered in a batch whose commit fails has what the answer says", func(f *fixture) {
		f.failing(func(r *store.Rotation) { f.refuseCommit("NEW.token_hash = '" + r.NextHash + "'") }, errPossible)
	}},
	{"whoever is answered in a batch that the database has rolled back has what the answer says", func(f *fixture) {
		f.failing(func(r *store.Rotation) {
			if when := "NEW.token_hash = '" + r.NextHash + "'"; f.backend.Name == "sqlite" {
				f.ddl(`CREATE TRIGGER refuse BEFORE UPDATE ON refresh_tokens WHEN ` + when + ` BEGIN SELECT RAISE(ROLLBACK, 'refused by a test'); END`)
			} else {
				f.refuse("BEFORE UPDATE ON refresh_tokens", when)
			}
		}, errPossible)
	}},
}

// errPossible allows a neighbour of a rotation that fails to fail as well.
var errPossible = errors.New("any error")

// failing has rotations wait, of which one fails with this error, nil for any. The others must be
// carried out, unless it is errPossible. Whatever happens, the database must have what the answers
// say.
func (f *fixture) failing(spoil func(*store.Rotation), want error) {
	f.Helper()
	const callers = 9
	u := f.user("alice")
	var all [callers]store.Rotation
	for i := range all {
		token := fmt.Sprint("token ", i)
		all[i] = rotation(f.session(u, token).ID, token, token+" next", noon)
	}
	const bad = callers / 2
	spoil(&all[bad])
	events := len(f.events())
	h := f.hold()
	var got [callers]*rotated
	for i, r := range all {
		got[i] = h.rotates(r)
	}
	h.letGo()
	for i, r := range got {
		token := fmt.Sprint("token ", i)
		if i == bad {
			if r.err == nil {
				f.Errorf("the one that fails got %s", r.result.Outcome)
			}
			if want != nil && want != errPossible {
				f.is("the one that fails", r.err, want)
			}
		} else if r.err != nil && want != errPossible || r.err == nil && r.result.Outcome != store.Rotated {
			f.Errorf("neighbour %d: got %s, %v", i, r.result.Outcome, r.err)
		}
		again := f.rotate(rotation(r.SessionID, token, "again "+token, noon)).Outcome
		if r.err == nil {
			equal(f, fmt.Sprintf("the token that %d was answered with", i), f.outcome(r.SessionID, token+" next", "x "+token, noon), store.Rotated)
			equal(f, fmt.Sprintf("the token of %d again", i), again, store.Retried)
		} else if again != store.Rotated && !(want == errPossible && again == store.Retried) {
			f.Errorf("the token of %d, whose error was %v: got %s", i, r.err, again)
		}
	}
	equal(f, "events", len(f.events()), events+mostWorkers+2) // those of the holders
}

func (f *fixture) ddl(statements ...string) {
	f.Helper()
	for _, s := range statements {
		_, err := f.db.ExecContext(f.ctx, s)
		f.ok(s, err)
	}
}

// refuse makes a statement fail for some rows.
func (f *fixture) refuse(what, when string) {
	f.Helper()
	if f.backend.Name == "sqlite" {
		f.ddl(`CREATE TRIGGER refuse ` + what + ` WHEN ` + when + ` BEGIN SELECT RAISE(ABORT, 'refused by a test'); END`)
		return
	}
	f.ddl(refusing, `CREATE TRIGGER refuse `+what+` FOR EACH ROW WHEN (`+when+`) EXECUTE FUNCTION refuse()`)
}

const refusing = `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused by a test'; END $$`

// refuseCommit makes the commit fail of a transaction that has given a session such a token. The
// statement itself succeeds, and returns its rows.
func (f *fixture) refuseCommit(when string) {
	f.Helper()
	if f.backend.Name == "sqlite" {
		f.ddl(`CREATE TABLE creditors (id INTEGER PRIMARY KEY)`,
			`CREATE TABLE debts (creditor INTEGER REFERENCES creditors (id) DEFERRABLE INITIALLY DEFERRED)`,
			`CREATE TRIGGER refuse AFTER UPDATE ON refresh_tokens WHEN `+when+` BEGIN INSERT INTO debts VALUES (1); END`)
		return
	}
	f.ddl(refusing, `CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON refresh_tokens DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (`+when+`) EXECUTE FUNCTION refuse()`)
}
