package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var mailCases = []testCase{
	{"a page of the outbox follows another, newest first", func(f *fixture) {
		u := f.reader("alice")
		var want []store.Mail
		for i := range 7 {
			want = append(want, f.queue(u, noon.Add(time.Duration(i/2)*time.Second)))
		}
		m := f.claimBy(f.store, store.MailClaim{Now: noon, Limit: 1})[0]
		equal(f, "recorded", f.record(m, store.MailFailed, noon), true)
		slices.SortFunc(want, func(a, b store.Mail) int {
			if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
				return c
			}
			return slices.Compare(b.ID[:], a.ID[:])
		})
		for _, states := range [][]store.MailState{nil, {store.MailWaiting}, {store.MailFailed}, {store.MailWaiting, store.MailFailed}, {}} {
			var wanted []uuid.UUID
			for _, w := range want {
				state := store.MailWaiting
				if w.ID == m.ID {
					state = store.MailFailed
				}
				if states == nil || slices.Contains(states, state) {
					wanted = append(wanted, w.ID)
				}
			}
			for _, limit := range []int{1, 3, 100} {
				equal(f, fmt.Sprintf("%v, pages of %d", states, limit), f.mailPages(states, limit), wanted)
			}
		}
	}},
	{"a mail that waits or has failed is retried, and its expiry is never shortened", func(f *fixture) {
		u := f.reader("alice")
		for _, state := range []store.MailState{store.MailWaiting, store.MailFailed} {
			f.queue(u, noon)
			m := f.claim(noon)[0]
			equal(f, "recorded", f.record(m, state, noon), true)
			at, until := noon.Add(time.Second), noon.Add(100*time.Hour)
			e := event(store.ActionMailRetried, at)
			f.writes("retry", func() {
				n, due, err := f.store.RetryMail(f.ctx, m.ID, until, e)
				f.ok("retry", err)
				equal(f, "retried", n, 1)
				equal(f, "due", due, at)
			}, e.OfMail(m))
			equal(f, "retried for less", f.retry(m.ID, noon, at), 1)
			again := f.claim(at)
			equal(f, "claimed", idsOfMail(again), []uuid.UUID{m.ID})
			equal(f, "tries", again[0].Tries, 2)
			equal(f, "expiry", again[0].ExpiresAt, until)
			equal(f, "ended at", again[0].EndedAt, time.Time{})
			equal(f, "leased, retried", f.retry(m.ID, until, at), 1)
			equal(f, "claimed by another meanwhile", len(f.claim(at)), 0)
			equal(f, "sent", f.record(again[0], store.MailSent, at), true)
			equal(f, "sent, retried", f.retry(m.ID, until, at), 0)
		}
		equal(f, "unknown", f.retry(uuid.New(), noon, noon), 0)
	}},
	{"a mail that is retried while a server has it is due when the lease ends", func(f *fixture) {
		u := f.reader("alice")
		m := f.queue(u, noon)
		f.queue(u, noon.Add(time.Second))
		f.claim(noon)
		f.claim(noon.Add(time.Second))
		f.queue(u, noon.Add(2*time.Second))
		retry := func(what string, id uuid.UUID, at time.Time, want int, until time.Time) {
			n, due, err := f.store.RetryMail(f.ctx, id, at.Add(time.Hour), event(store.ActionMailRetried, at))
			f.ok(what, err)
			equal(f, what+": retried", n, want)
			equal(f, what+": due", due, until)
		}
		end := noon.Add(lease)
		retry("leased", m.ID, noon.Add(time.Minute), 1, end)
		equal(f, "just before", slices.Contains(idsOfMail(f.claim(end.Add(-time.Microsecond))), m.ID), false)
		retry("the lease has ended", m.ID, end, 1, end)
		retry("long ago", m.ID, end.Add(time.Hour), 1, end.Add(time.Hour))
		retry("unknown", uuid.New(), noon, 0, time.Time{})
		retry("none has failed", uuid.Nil, noon, 0, time.Time{})
	}},
	{"all mail whose latest try did not succeed is retried or dropped, and no other", func(f *fixture) {
		u := f.reader("alice")
		var failed []store.Mail
		for range 3 {
			f.queue(u, noon)
			m := f.claim(noon)[0]
			equal(f, "recorded", f.record(m, store.MailFailed, noon), true)
			failed = append(failed, m)
		}
		f.queue(u, noon)
		troubled := f.claim(noon)[0]
		equal(f, "recorded", f.record(troubled, store.MailWaiting, noon), true)
		failed = append(failed, troubled)
		slices.SortFunc(failed, func(a, b store.Mail) int { return bytes.Compare(a.ID[:], b.ID[:]) })
		waiting := f.queue(u, noon.Add(time.Hour))
		e := event(store.ActionMailRetried, noon.Add(time.Minute))
		f.writes("retry all", func() { equal(f, "retried", f.retry(uuid.Nil, noon, e.At), 4) },
			e.OfMail(failed[0]), e.OfMail(failed[1]), e.OfMail(failed[2]), e.OfMail(failed[3]))
		equal(f, "retried again", f.retry(uuid.Nil, noon, e.At), 0)
		for _, m := range f.claim(e.At) {
			equal(f, "recorded", f.record(m, store.MailFailed, e.At), true)
		}
		e.Action = store.ActionMailDropped
		f.writes("drop all", func() {
			n, err := f.store.DropMail(f.ctx, uuid.Nil, e)
			f.ok("drop", err)
			equal(f, "dropped", n, 4)
		}, e.OfMail(failed[0]), e.OfMail(failed[1]), e.OfMail(failed[2]), e.OfMail(failed[3]))
		equal(f, "in the outbox", idsOfMail(f.outbox(store.MailWaiting)), []uuid.UUID{waiting.ID})
		equal(f, "dropped", len(f.outbox(store.MailDropped)), 4)
	}},
	{"a mail that is dropped is sent no more, and whoever sends it records nothing", func(f *fixture) {
		f.queue(f.reader("alice"), noon)
		m := f.claim(noon)[0]
		e := event(store.ActionMailDropped, noon.Add(time.Second))
		for i := range 2 {
			n, err := f.store.DropMail(f.ctx, m.ID, e)
			f.ok("drop", err)
			equal(f, "dropped", n, 1-i)
		}
		equal(f, "recorded", f.record(m, store.MailSent, noon), false)
		m.State, m.LeasedTill, m.EndedAt = store.MailDropped, time.Time{}, e.At
		equal(f, "listed", f.outbox(), []store.Mail{m})
		equal(f, "claimed", len(f.claim(noon.Add(time.Hour))), 0)
	}},
	{"the statistics count each state, and know the oldest that waits", func(f *fixture) {
		empty, err := f.store.MailStats(f.ctx)
		f.ok("count", err)
		equal(f, "of none", empty, store.NewMailStats())
		equal(f, "states", len(empty.Count), len(store.MailStates()))
		u := f.reader("alice")
		for i, state := range []store.MailState{store.MailSent, store.MailFailed, store.MailSent} {
			f.queue(u, noon.Add(time.Duration(i)*time.Second))
			equal(f, "recorded", f.record(f.claim(noon.Add(time.Hour))[0], state, noon), true)
		}
		f.queue(u, noon.Add(time.Minute))
		f.queue(u, noon.Add(2*time.Minute))
		want := store.NewMailStats()
		want.Count[store.MailSent], want.Count[store.MailFailed], want.Count[store.MailWaiting] = 2, 1, 2
		want.Oldest = noon.Add(time.Minute)
		got, err := f.store.MailStats(f.ctx)
		f.ok("count", err)
		equal(f, "statistics", got, want)
	}},
	{"old mail is deleted, the oldest first, and never what waits", func(f *fixture) {
		u := f.reader("alice")
		var ended []store.Mail
		for i := range 4 {
			f.queue(u, noon)
			m := f.claim(noon)[0]
			equal(f, "recorded", f.record(m, store.MailSent, noon.Add(time.Duration(i)*time.Hour)), true)
			ended = append(ended, m)
		}
		waiting := f.queue(u, noon.Add(-time.Hour))
		for _, tt := range []struct {
			before time.Time
			limit  int
			want   int
		}{{noon, 10, 0}, {noon.Add(3 * time.Hour), 2, 2}, {noon.Add(3 * time.Hour), 2, 1}, {noon.Add(3 * time.Hour), 2, 0}} {
			n, err := f.store.DeleteOldMail(f.ctx, tt.before, tt.limit)
			f.ok("delete", err)
			equal(f, "deleted", n, tt.want)
		}
		equal(f, "left", idsOfMail(f.outbox()), []uuid.UUID{waiting.ID, ended[3].ID})
	}},
}

// retry retries a mail at an instant and returns how many that changed.
func (f *fixture) retry(id uuid.UUID, until, at time.Time) int {
	f.Helper()
	n, _, err := f.store.RetryMail(f.ctx, id, until, event(store.ActionMailRetried, at))
	f.ok("retry", err)
	return n
}

// mailPages reads page after page and returns the ids.
func (f *fixture) mailPages(states []store.MailState, limit int) (ids []uuid.UUID) {
	f.Helper()
	p := store.MailPage{States: states, Limit: limit}
	for {
		mails, next, err := f.store.Mails(f.ctx, p)
		f.ok("list mail", err)
		if len(mails) > limit {
			f.Fatalf("a page of %d has %d", limit, len(mails))
		}
		for _, m := range mails {
			ids = append(ids, m.ID)
		}
		if next == (store.MailKey{}) {
			return ids
		}
		p.Before = next
	}
}
