package storetest

import (
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var outageCases = []testCase{
	{"after an outage the retry window begins anew", func(f *fixture) {
		back := noon.Add(15 * time.Second)
		f.theft(func(id uuid.UUID) store.Rotation {
			f.rotate(rotation(id, "one", "two", noon))
			f.resume(back)
			r := f.rotate(rotation(id, "one", "x", back.Add(window)))
			equal(f, "within it", r.Outcome, store.Retried)
			equal(f, "successors", r.Successors, []store.Sealed{sealedAs("two")})
			return rotation(id, "one", "x", back.Add(window+time.Microsecond))
		})
	}},
	{"an outage changes nothing for a token that was replaced after it", func(f *fixture) {
		f.theft(func(id uuid.UUID) store.Rotation {
			f.resume(noon)
			f.rotate(rotation(id, "one", "two", noon.Add(time.Second)))
			return rotation(id, "one", "x", noon.Add(time.Second+window+time.Microsecond))
		})
	}},
	{"an outage changes nothing for a token that was replaced more than an hour ago", func(f *fixture) {
		f.theft(func(id uuid.UUID) store.Rotation {
			f.rotate(rotation(id, "one", "two", noon))
			f.resume(noon.Add(time.Hour))
			equal(f, "an hour ago", f.outcome(id, "one", "x", noon.Add(time.Hour)), store.Retried)
			return rotation(id, "one", "x", noon.Add(time.Hour+time.Microsecond))
		})
	}},
	{"an outage opens no window where there is none", func(f *fixture) {
		f.theft(func(id uuid.UUID) store.Rotation {
			f.rotate(rotation(id, "one", "two", noon))
			f.resume(noon)
			r := rotation(id, "one", "x", noon)
			r.RetryWindow, r.Resuming = 0, away
			return r
		})
	}},
	{"a token from before an outage leads to the newest successor after rotations that followed it", func(f *fixture) {
		n := f.session(f.user("alice"), "0")
		f.chain(n.ID, "", 2, noon)
		back := noon.Add(20 * time.Minute)
		f.resume(back)
		equal(f, "rotation", f.outcome(n.ID, "2", "3", back.Add(time.Second)), store.Rotated)
		r := f.rotate(rotation(n.ID, "0", "x", back.Add(window)))
		equal(f, "retry", r.Outcome, store.Retried)
		f.leads("0", r)
	}},
	{"a process that was away judges so before the outage is recorded", func(f *fixture) {
		n := f.session(f.user("alice"), "0")
		f.chain(n.ID, "", 2, noon)
		resuming := func(from, to string) store.RotateResult {
			r := rotation(n.ID, from, to, noon.Add(20*time.Minute))
			r.Resuming = away
			return f.rotate(r)
		}
		f.leads("1", resuming("1", "x"))
		equal(f, "rotation", resuming("2", "3").Outcome, store.Rotated)
		f.leads("0", resuming("0", "x"))
		equal(f, "in another process", f.outcome(n.ID, "0", "x", noon.Add(20*time.Minute)), store.Reused)
	}},
	{"the time that a request has waited does not count", func(f *fixture) {
		f.theft(func(id uuid.UUID) store.Rotation {
			f.rotate(rotation(id, "one", "two", noon))
			late := func(after time.Duration) store.Rotation {
				r := rotation(id, "one", "x", noon)
				r.Clock = noon.Add(after)
				r.Waited = func() time.Duration { return 5 * time.Second }
				return r
			}
			equal(f, "asked within the window", f.rotate(late(window+5*time.Second)).Outcome, store.Retried)
			f.resume(noon.Add(time.Minute))
			equal(f, "asked within that after an outage", f.rotate(late(time.Minute+window+5*time.Second)).Outcome, store.Retried)
			return late(time.Minute + window + 5*time.Second + time.Microsecond)
		})
	}},
	{"an outage that ends in the future is not believed", func(f *fixture) {
		f.theft(func(id uuid.UUID) store.Rotation {
			f.rotate(rotation(id, "one", "two", noon))
			f.resume(noon.Add(24 * time.Hour))
			return rotation(id, "one", "x", noon.Add(time.Minute))
		})
	}},
	{"the end of an outage is told by the database's own clock", func(f *fixture) {
		n := f.session(f.user("alice"), "one")
		r := rotation(n.ID, "one", "two", noon)
		r.Clock = time.Now().Add(-30 * time.Minute)
		f.rotate(r)
		f.resume(time.Time{})
		r = rotation(n.ID, "one", "x", noon)
		r.Clock, r.RetryWindow = time.Time{}, time.Minute
		equal(f, "retry", f.rotate(r).Outcome, store.Retried)
	}},
	{"asking the nodes gives them something to read that ends nothing", func(f *fixture) {
		before, err := f.store.Revocations(f.ctx, "", noon)
		f.ok("read the feed", err)
		f.writes("asking", func() { f.ok("ask", f.store.AskNodes(f.ctx, noon)) })
		after, err := f.store.Revocations(f.ctx, before.Position, noon)
		f.ok("read the feed", err)
		equal(f, "entries", after.Entries, []store.Revocation{{Keys: true, At: noon}})
	}},
}

func away() bool { return true }

// resume ends an outage at a time of the database's clock; the zero time means now.
func (f *fixture) resume(clock time.Time) {
	f.Helper()
	e := event(store.ActionResumed, noon)
	f.writes("resuming", func() { f.ok("resume", f.store.Resume(f.ctx, clock, e)) }, e)
}
