package storetest

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var batchCases = []testCase{
	{"rotations that wait travel together, and each caller gets the answer of its own", func(f *fixture) {
		const callers = 40
		var users [callers / 5]store.User
		for i := range users {
			users[i] = f.user(fmt.Sprint("user ", i))
		}
		var sessions [callers]store.NewSession
		for i := range sessions {
			n := f.newSession(users[i%len(users)], fmt.Sprint("one ", i))
			n.RemoteAddr, n.UserAgent = fmt.Sprintf("192.0.2.%d", i), fmt.Sprintf("browser/%d", i)
			n.CreatedAt, n.AbsoluteExpiresAt, n.Step = noon.Add(-age(i)), noon.Add(lifetime-age(i)), int64(i)
			f.start(n)
			sessions[i] = n
		}
		h := f.hold()
		var got [callers]*rotated
		for i, n := range sessions {
			r := rotation(n.ID, fmt.Sprint("one ", i), fmt.Sprint("two ", i), noon.Add(age(i)))
			r.Step, r.NextStep, r.Clock = int64(i), int64(2*i+1), noon.Add(2*age(i))
			if i%3 == 0 {
				r.ExpiresAt = noon.Add(2 * lifetime)
			}
			if i%5 == 0 {
				r.Clock = time.Time{} // the database's
			}
			got[i] = h.rotates(r)
		}
		h.letGo()
		for i, n := range sessions {
			want := listed(n, users[i%len(users)])
			want.LastUsedAt, want.ExpiresAt = got[i].At, got[i].ExpiresAt
			if i%3 == 0 {
				want.ExpiresAt = n.AbsoluteExpiresAt
			}
			f.got(fmt.Sprint("caller ", i), got[i], store.NewRotateResult(store.Rotated, want, users[i%len(users)]))
			row, state, err := f.store.SessionState(f.ctx, n.ID)
			f.ok("read state", err)
			equal(f, "row", row, want)
			equal(f, "current", state.TokenHash, hashOf(fmt.Sprint("two ", i)))
			equal(f, "step", state.Step, int64(2*i+1))
			replaced := state.Replaced[0]
			equal(f, "replaced", replaced.TokenHash, hashOf(fmt.Sprint("one ", i)))
			equal(f, "successor", replaced.Successor, sealed(fmt.Sprint("two ", i)))
			if i%5 > 0 {
				equal(f, "replaced at", replaced.At, got[i].Clock)
			} else if since := time.Since(replaced.At); since.Abs() > time.Hour {
				f.Errorf("the database's clock differs by %s", since)
			}
		}
	}},
	{"one batch has every outcome, and none changes that of its neighbours", func(f *fixture) {
		all := f.everyOutcome()
		kept := f.session(all[0].user, "kept")
		var events []store.Event
		for _, o := range all {
			events = append(events, o.events()...)
		}
		h := f.hold()
		for i := range all {
			all[i].got = h.rotates(all[i].r)
		}
		beside := h.rotates(rotation(kept.ID, "kept", "kept next", noon))
		f.writes("the batch", func() { h.letGo() }, events...)
		equal(f, "the last", beside.result.Outcome, store.Rotated)
		for _, o := range all {
			f.got(o.name, o.got, o.want())
			if len(o.events()) > 0 {
				f.goneFor(o.r.SessionID)
				equal(f, o.name+": access", f.access(o.user, o.r.SessionID).SessionExists, false)
			}
			if o.outcome == store.Rotated {
				again := f.rotate(rotation(o.r.SessionID, o.token, "x", o.r.At.Add(time.Second)))
				equal(f, o.name+" again", again.Outcome, store.Retried)
				equal(f, o.name+" again", again.Successors, []store.Sealed{sealedAs(o.token + " next")})
			}
		}
	}},
	{"what ends sessions while their rotations wait wins over the batch", func(f *fixture) {
		long := "'epoch'"
		if f.backend.Name == "sqlite" {
			long = "0"
		}
		for _, tt := range []struct {
			name, statement string
			want            store.Outcome
		}{
			{"revoke-all", `UPDATE users SET generation = generation + 1 WHERE id = '%s'`, store.Revoked},
			{"disable", `UPDATE users SET generation = generation + 1, disabled_at = ` + long + ` WHERE id = '%s'`, store.Disabled},
			{"disable, without a new generation", `UPDATE users SET disabled_at = ` + long + ` WHERE id = '%s'`, store.Disabled},
			{"logout", `DELETE FROM refresh_tokens WHERE user_id = '%s'`, store.Unknown},
			{"expiry", `UPDATE refresh_tokens SET expires_at = ` + long + ` WHERE user_id = '%s'`, store.Expired},
		} {
			victim, other := f.user("victim of "+tt.name), f.user("neighbour of "+tt.name)
			f.between(tt.name, victim, other, fmt.Sprintf(tt.statement, victim.ID), tt.want, store.Rotated)
		}
		f.between("revoke-all of everybody", f.user("alice"), f.user("bob"), `UPDATE installation SET generation = generation + 1`, store.Revoked, store.Revoked)
	}},
	{"a batch remembers replaced tokens for as long as a single rotation does", func(f *fixture) {
		u := f.user("alice")
		for _, resumed := range []bool{false, true} {
			pauses := []time.Duration{time.Minute, 3 * time.Minute, 30 * time.Minute, 2 * time.Hour}
			want := []int{2, 1, 1, 1}
			now := noon.Add(24 * time.Hour)
			if resumed {
				want = []int{2, 2, 2, 1}
				f.ok("resume", f.store.Resume(f.ctx, now.Add(-time.Minute), event(store.ActionResumed, now)))
			}
			var ids []uuid.UUID
			token := func(i, step int) string { return fmt.Sprint("token ", i, step, resumed) }
			for i, pause := range pauses {
				ids = append(ids, f.session(u, token(i, 0)).ID)
				equal(f, "outcome", f.outcome(ids[i], token(i, 0), token(i, 1), now.Add(-pause)), store.Rotated)
			}
			h := f.hold()
			for i, id := range ids {
				h.rotates(rotation(id, token(i, 1), token(i, 2), now))
			}
			h.letGo()
			for i, id := range ids {
				_, state, err := f.store.SessionState(f.ctx, id)
				f.ok("read state", err)
				equal(f, fmt.Sprintf("remembered after %s, resumed: %t", pauses[i], resumed), len(state.Replaced), want[i])
			}
		}
	}},
	{"several sessions of one user in one batch are as independent as ever", func(f *fixture) {
		u := f.user("alice")
		var sessions []store.NewSession
		for i := range 12 {
			sessions = append(sessions, f.session(u, fmt.Sprint("token ", i)))
		}
		h := f.hold()
		var got []*rotated
		for i, n := range sessions {
			token := fmt.Sprint("token ", i)
			if i%4 == 1 {
				token = "forged"
			}
			got = append(got, h.rotates(rotation(n.ID, token, fmt.Sprint("next ", i), noon)))
		}
		h.letGo()
		for i, r := range got {
			want := store.Rotated
			if i%4 == 1 {
				want = store.Reused
			}
			f.ok("rotate", r.err)
			equal(f, fmt.Sprint("session ", i), r.result.Outcome, want)
		}
		count, _, err := f.store.CountSessions(f.ctx, store.CountPage{Scope: store.OfUser(u.ID), Now: noon, Limit: 1})
		f.ok("count", err)
		equal(f, "alive", count.Sessions, 9)
	}},
}

// age is a different time for each number.
func age(i int) time.Duration { return time.Duration(i+1) * time.Second }

// got checks the result of a rotation.
func (f *fixture) got(what string, r *rotated, want store.RotateResult) {
	f.Helper()
	if r.err != nil {
		f.Errorf("%s: %v", what, r.err)
		return
	}
	equal(f, what, r.result, want)
}

// between has rotations of the sessions of two users wait, ends sessions by a statement that is
// committed before the batch, and checks the outcomes.
func (f *fixture) between(what string, victim, other store.User, statement string, want, wantOther store.Outcome) {
	f.Helper()
	const each = 4
	var ids [2 * each]uuid.UUID
	owners := []store.User{victim, other}
	token := func(i int) string { return fmt.Sprint(what, i) }
	for i := range ids {
		ids[i] = f.session(owners[i%2], token(i)).ID
	}
	h := f.hold()
	var got [2 * each]*rotated
	for i, id := range ids {
		got[i] = h.rotates(rotation(id, token(i), token(i)+" next", noon))
	}
	h.exec(statement)
	h.letGo()
	for i, r := range got {
		f.ok("rotate", r.err)
		equal(f, fmt.Sprintf("%s: session %d", what, i), r.result.Outcome, []store.Outcome{want, wantOther}[i%2])
	}
}
