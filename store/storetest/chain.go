package storetest

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var chainCases = []testCase{
	{"each token that was replaced within the window leads to the newest successor", func(f *fixture) {
		n := f.session(f.user("alice"), "0")
		f.writes("a chain", func() {
			f.chain(n.ID, "", 4, noon)
			for i := range 4 {
				r := f.rotate(rotation(n.ID, fmt.Sprint(i), "x", noon.Add(window)))
				equal(f, fmt.Sprintf("token %d", i), r.Outcome, store.Retried)
				equal(f, fmt.Sprintf("steps from token %d", i), len(r.Successors), 4-i)
				f.leads(fmt.Sprint(i), r)
			}
		})
		equal(f, "the newest", f.outcome(n.ID, "4", "5", noon.Add(window)), store.Rotated)
	}},
	{"a token that was replaced before the window is theft however recent the latest rotation is", func(f *fixture) {
		f.theft(func(id uuid.UUID) store.Rotation {
			f.rotate(rotation(id, "one", "two", noon))
			f.rotate(rotation(id, "two", "three", noon.Add(window)))
			equal(f, "the second", f.outcome(id, "two", "x", noon.Add(window+time.Second)), store.Retried)
			return rotation(id, "one", "x", noon.Add(window+time.Microsecond))
		})
	}},
	{"a chain of pauses as long as the window leads on", func(f *fixture) {
		n := f.session(f.user("alice"), "0")
		f.rotate(rotation(n.ID, "0", "1", noon))
		second := rotation(n.ID, "1", "2", noon.Add(window-time.Minute)) // by another server, whose clock is behind
		second.Clock = noon.Add(window)
		f.rotate(second)
		r := f.rotate(rotation(n.ID, "0", "x", noon.Add(window)))
		equal(f, "outcome", r.Outcome, store.Retried)
		f.leads("0", r)
	}},
	{"a chain is remembered for eight tokens and no more", func(f *fixture) {
		f.theft(func(id uuid.UUID) store.Rotation {
			f.rotate(rotation(id, "one", "0", noon))
			f.chain(id, "", store.MaxReplaced, noon)
			r := f.rotate(rotation(id, "0", "x", noon))
			equal(f, "the eighth", r.Outcome, store.Retried)
			f.leads("0", r)
			var size int
			f.ok("read the size", f.db.QueryRowContext(f.ctx, `SELECT max(length(replaced)) FROM refresh_tokens`).Scan(&size))
			equal(f, "bytes", size, 8*72)
			return rotation(id, "one", "x", noon)
		})
	}},
	{"a row that rotates now and then remembers one token", func(f *fixture) {
		n := f.session(f.user("alice"), "0")
		for i := range 20 {
			f.rotate(rotation(n.ID, fmt.Sprint(i), fmt.Sprint(i+1), noon.Add(time.Duration(i)*3*time.Minute)))
		}
		_, state, err := f.store.SessionState(f.ctx, n.ID)
		f.ok("read state", err)
		equal(f, "remembered", len(state.Replaced), 1)
	}},
	{"the retry window is judged by the database's clock and not by the caller's", func(f *fixture) {
		n := f.session(f.user("alice"), "one")
		rotated := rotation(n.ID, "one", "two", noon)
		rotated.Clock = noon.Add(-time.Minute)
		f.rotate(rotated)
		for _, skew := range []time.Duration{-24 * time.Hour, -20 * time.Second, 0, 20 * time.Second, 24 * time.Hour} {
			again := rotation(n.ID, "one", "x", noon.Add(skew))
			again.Clock = rotated.Clock.Add(window)
			equal(f, fmt.Sprintf("on a server whose clock is ahead by %s", skew), f.rotate(again).Outcome, store.Retried)
		}
		late := rotation(n.ID, "one", "x", noon)
		late.Clock = rotated.Clock.Add(window + time.Microsecond)
		equal(f, "after the window", f.rotate(late).Outcome, store.Reused)
	}},
	{"without another the clock is the database's own", func(f *fixture) {
		for _, tt := range []struct {
			ago  time.Duration // the age of the rotation by the database's clock
			want store.Outcome
		}{{0, store.Retried}, {30 * time.Minute, store.Reused}} {
			name := func(s string) string { return fmt.Sprint(s, " ", tt.ago) }
			n := f.session(f.user(name("user")), name("one"))
			r := rotation(n.ID, name("one"), name("two"), noon)
			if r.Clock = (time.Time{}); tt.ago > 0 {
				r.Clock = time.Now().Add(-tt.ago)
			}
			equal(f, "rotation", f.rotate(r).Outcome, store.Rotated)
			again := rotation(n.ID, name("one"), name("x"), noon.Add(time.Hour))
			again.Clock, again.RetryWindow = time.Time{}, time.Minute
			equal(f, tt.ago.String()+" ago", f.rotate(again).Outcome, tt.want)
		}
	}},
	{"a token that is newer than the row is lost and no theft", func(f *fixture) {
		u := f.user("alice")
		for step, want := range map[int64]store.Outcome{0: store.Reused, 4: store.Reused, 5: store.Lost, 6: store.Lost, 1 << 40: store.Lost} {
			name := func(s string) string { return fmt.Sprint(s, " ", step) }
			n := f.newSession(u, name("one"))
			n.Step = 3
			f.start(n)
			r := rotation(n.ID, name("one"), name("two"), noon)
			r.Step, r.NextStep = 3, 5
			f.rotate(r)
			r = rotation(n.ID, name("from the future"), "x", noon)
			r.Step = step
			e := about(refresh(noon), u.ID, n.ID)
			if e.Action = store.ActionSessionReused; want == store.Lost {
				e.Action, e.Reason = store.ActionRefreshRefused, "lost"
			}
			f.writes("refusal", func() { equal(f, name("step"), f.rotate(r), store.RotateResult{Outcome: want}) }, e)
			f.goneFor(n.ID)
		}
		equal(f, "rows", f.rows(), 0)
	}},
	{"a replaced token is never lost whatever step it has", func(f *fixture) {
		f.theft(func(id uuid.UUID) store.Rotation {
			f.rotate(rotation(id, "one", "two", noon))
			r := rotation(id, "one", "x", noon.Add(window+time.Second))
			r.Step = 100
			return r
		})
	}},
	{"the row's step only grows", func(f *fixture) {
		n := f.session(f.user("alice"), "0")
		for i, next := range []int64{10, 11, 0, 5, 100, 0} {
			r := rotation(n.ID, fmt.Sprint(i), fmt.Sprint(i+1), noon)
			r.NextStep = next
			equal(f, "outcome", f.rotate(r).Outcome, store.Rotated)
			_, state, err := f.store.SessionState(f.ctx, n.ID)
			f.ok("read state", err)
			equal(f, fmt.Sprintf("step %d", i), state.Step, []int64{10, 11, 12, 13, 100, 101}[i])
		}
	}},
	{"a row that the release before has rotated is judged as that release does", func(f *fixture) {
		u := f.user("alice")
		for i, tt := range []struct {
			name   string
			before func(id uuid.UUID, name func(string) string) // from the token "one" to the token "three"
			token  string
			at     time.Time
			want   store.Outcome
		}{
			{"previous", f.oldOld, "two", noon.Add(window), store.Retried},
			{"previous, late", f.oldOld, "two", noon.Add(window + time.Microsecond), store.Reused},
			{"ancestor", f.oldOld, "one", noon, store.Reused},
			{"previous, after a new one", f.newOld, "two", noon.Add(window), store.Retried},
			{"previous, late, after a new one", f.newOld, "two", noon.Add(window + time.Microsecond), store.Reused},
			{"ancestor, replaced by a new one", f.newOld, "one", noon, store.Reused},
			{"previous, before a new one", f.oldNew, "two", noon.Add(window), store.Retried},
			{"ancestor, before a new one", f.oldNew, "one", noon, store.Reused},
			{"current", f.newOld, "three", noon, store.Rotated},
		} {
			name := func(s string) string { return fmt.Sprint(s, " ", i) }
			n := f.newSession(u, name("one"))
			n.Step = 7
			f.start(n)
			tt.before(n.ID, name)
			r := rotation(n.ID, name(tt.token), name("x"), tt.at)
			r.Step = map[string]int64{"one": 7, "two": 8, "three": 9}[tt.token]
			got := f.rotate(r)
			equal(f, tt.name, got.Outcome, tt.want)
			if got.Outcome == store.Retried {
				equal(f, tt.name+": successors", got.Successors, []store.Sealed{sealedAs(name("three"))})
			}
		}
	}},
	{"the clocks of the release before that agree with each other outvote the database's", func(f *fixture) {
		n := f.session(f.user("alice"), "one")
		f.oldRotation(n.ID, "one", "two", noon.Add(-time.Minute))
		r := rotation(n.ID, "one", "x", noon.Add(-time.Minute))
		r.Clock = noon
		equal(f, "retry", f.rotate(r).Outcome, store.Retried)
	}},
	{"what the release before reads is there for it", func(f *fixture) {
		n := f.session(f.user("alice"), "one")
		r := rotation(n.ID, "one", "two", noon.Add(time.Minute))
		r.Clock = noon
		f.rotate(r)
		var previous string
		var successor []byte
		var rotated any
		f.ok("read row", f.db.QueryRowContext(f.ctx, `SELECT previous_hash, successor, rotated_at FROM refresh_tokens`).Scan(&previous, &successor, &rotated))
		equal(f, "previous", previous, hashOf("one"))
		equal(f, "successor", successor, sealed("two"))
		equal(f, "rotated", f.instant(rotated), noon.Add(time.Minute))
	}},
}

// chain rotates from the token 0 to the token length, at one instant.
func (f *fixture) chain(id uuid.UUID, prefix string, length int, at time.Time) {
	f.Helper()
	for i := range length {
		equal(f, "outcome", f.outcome(id, fmt.Sprint(prefix, i), fmt.Sprint(prefix, i+1), at), store.Rotated)
	}
}

// leads checks that a result leads step by step from a token to the current one. The token's name
// ends in a digit; token n is sealed under token n-1.
func (f *fixture) leads(from string, r store.RotateResult) {
	f.Helper()
	prefix, at := from[:len(from)-1], int(from[len(from)-1]-'0')
	for _, s := range r.Successors {
		at++
		equal(f, "step", s, sealedAs(fmt.Sprint(prefix, at)))
	}
}

func (f *fixture) oldOld(id uuid.UUID, name func(string) string) {
	f.oldRotation(id, name("one"), name("two"), noon)
	f.oldRotation(id, name("two"), name("three"), noon)
}

func (f *fixture) newOld(id uuid.UUID, name func(string) string) {
	f.newRotation(id, name("one"), name("two"), 8)
	f.oldRotation(id, name("two"), name("three"), noon)
}

func (f *fixture) oldNew(id uuid.UUID, name func(string) string) {
	f.oldRotation(id, name("one"), name("two"), noon)
	f.newRotation(id, name("two"), name("three"), 9)
}

func (f *fixture) newRotation(id uuid.UUID, from, to string, step int64) {
	f.Helper()
	r := rotation(id, from, to, noon)
	r.NextStep = step
	equal(f, "rotation", f.rotate(r).Outcome, store.Rotated)
}

// oldRotation rewrites a row as releases did that knew one previous token, by their own
// clock, and no steps.
func (f *fixture) oldRotation(id uuid.UUID, from, to string, at time.Time) {
	f.Helper()
	when, successor := fmt.Sprintf("'%s'", at.Format(time.RFC3339Nano)), "decode('%x', 'hex')"
	if f.backend.Name == "sqlite" {
		when, successor = fmt.Sprint(at.UnixMicro()), "x'%x'"
	}
	_, err := f.db.ExecContext(f.ctx, fmt.Sprintf(`
UPDATE refresh_tokens SET token_hash = '%s', previous_hash = token_hash, successor = `+successor+`, rotated_at = %s, last_used_at = %s
WHERE id = '%s' AND token_hash = '%s'`, hashOf(to), sealed(to), when, when, id, hashOf(from)))
	f.ok("rotate as before", err)
}
