package storetest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var outboxCases = []testCase{
	{"a claimed mail is as it was queued, with the lease and one try", func(f *fixture) {
		want := f.queue(f.reader("alice"), noon)
		equal(f, "before it is due", len(f.claim(noon.Add(-time.Microsecond))), 0)
		c := store.MailClaim{Now: noon, Lease: uuid.New()}
		got := f.claimBy(f.store, c)
		want.Lease, want.LeasedTill, want.Tries = c.Lease, noon.Add(lease), 1
		equal(f, "claimed", got, []store.Mail{want})
		equal(f, "listed", f.outbox(), []store.Mail{want})
	}},
	{"mails are claimed in the order in which they are due, and no more than the limit", func(f *fixture) {
		u := f.reader("alice")
		var want []uuid.UUID
		for i := range 5 {
			want = append(want, f.queue(u, noon.Add(time.Duration(i)*time.Second)).ID)
		}
		now := noon.Add(3 * time.Second)
		equal(f, "first claim", idsOfMail(f.claimBy(f.store, store.MailClaim{Now: now, Limit: 3})), want[:3])
		equal(f, "second claim", idsOfMail(f.claim(now)), want[3:4])
		equal(f, "third claim", idsOfMail(f.claim(now)), []uuid.UUID{})
	}},
	{"a lease that ended is claimed again, and the first holder records nothing", func(f *fixture) {
		f.queue(f.reader("alice"), noon)
		first := f.claim(noon)[0]
		end := noon.Add(lease)
		equal(f, "within the lease", len(f.claim(end.Add(-time.Microsecond))), 0)
		second := f.claim(end)
		equal(f, "claimed again", len(second), 1)
		equal(f, "tries", second[0].Tries, 2)
		for _, state := range store.MailStates() {
			equal(f, "the first holder records "+string(state), f.record(first, state, end), false)
		}
		equal(f, "listed", f.outbox(), second)
		equal(f, "the second holder records", f.record(second[0], store.MailSent, end), true)
		equal(f, "and again", f.record(second[0], store.MailSent, end), false)
	}},
	{"a lease that ended and that nobody claimed again may be recorded", func(f *fixture) {
		f.queue(f.reader("alice"), noon)
		equal(f, "recorded", f.record(f.claim(noon)[0], store.MailSent, noon.Add(time.Hour)), true)
	}},
	{"a mail that is tried again waits until then, and says why", func(f *fixture) {
		f.queue(f.reader("alice"), noon)
		m := f.claim(noon)[0]
		equal(f, "recorded", f.record(m, store.MailWaiting, noon.Add(time.Second)), true)
		m.NextAt, m.LeasedTill, m.Class, m.Code, m.Enhanced = noon.Add(61*time.Second), time.Time{}, "refused", 451, "4.7.1"
		equal(f, "listed", f.outbox(), []store.Mail{m})
		equal(f, "too early", len(f.claim(m.NextAt.Add(-time.Microsecond))), 0)
		equal(f, "in time", idsOfMail(f.claim(m.NextAt)), []uuid.UUID{m.ID})
	}},
	{"a mail that ended is claimed no more", func(f *fixture) {
		u := f.reader("alice")
		for _, state := range []store.MailState{store.MailSent, store.MailFailed} {
			f.queue(u, noon)
			m := f.claim(noon)[0]
			equal(f, "recorded", f.record(m, state, noon.Add(time.Second)), true)
			got := f.outbox(state)
			m.State, m.LeasedTill, m.EndedAt = state, time.Time{}, noon.Add(time.Second)
			equal(f, "listed", got, []store.Mail{m})
			equal(f, "claimed", len(f.claim(noon.Add(time.Hour))), 0)
		}
	}},
	{"stores that claim at the same time get each mail once", func(f *fixture) {
		const mails = 40
		u := f.reader("alice")
		for i := range mails {
			f.queue(u, noon.Add(time.Duration(i)))
		}
		stores := append(f.processes(), f.backend.Open(f, f.where))
		var mu sync.Mutex
		claims := map[uuid.UUID]int{}
		together(3*len(stores), func(i int) {
			for {
				mu.Lock()
				done := len(claims) == mails
				mu.Unlock()
				claimed, err := stores[i%len(stores)].ClaimMail(f.ctx, store.MailClaim{Lease: uuid.New(), Now: noon.Add(time.Second), Until: noon.Add(lease), Limit: 3})
				if err != nil {
					f.Errorf("claim: %v", err)
				}
				if done || err != nil {
					equal(f, "claimed after all", len(claimed), 0)
					return
				}
				mu.Lock()
				for _, m := range claimed {
					claims[m.ID]++
				}
				mu.Unlock()
			}
		})
		for id, n := range claims {
			equal(f, fmt.Sprint("claims of ", id), n, 1)
		}
	}},
	{"no more is claimed than the hour allows, counting what is leased", func(f *fixture) {
		u := f.reader("alice")
		for range 6 {
			f.queue(u, noon)
		}
		claim := func(at time.Time) []store.Mail {
			return f.claimBy(f.store, store.MailClaim{Now: at, MaxPerHour: 3, MaxNotices: 3, Limit: 2})
		}
		first := claim(noon)
		equal(f, "first", len(first), 2)
		equal(f, "one is left", len(claim(noon)), 1)
		equal(f, "none is left", len(claim(noon)), 0)
		equal(f, "sent", f.record(first[0], store.MailSent, noon), true)
		equal(f, "failed", f.record(first[1], store.MailFailed, noon.Add(time.Second)), true)
		equal(f, "what failed does not count", len(claim(noon)), 1)
		equal(f, "none is left again", len(claim(noon)), 0)
		later := noon.Add(time.Hour)
		equal(f, "one was sent within the hour", len(claim(later.Add(-time.Microsecond))), 2)
		equal(f, "an hour later", len(claim(later)), 1)
	}},
	{"a mail that expired is dropped instead of claimed, however many there are", func(f *fixture) {
		u := f.reader("alice")
		var old []uuid.UUID
		for range 30 {
			old = append(old, f.queue(u, noon).ID)
		}
		expiry := noon.Add(72 * time.Hour)
		m := f.queue(u, noon.Add(time.Second)) // expires at the same time, and is due after the others
		equal(f, "retried", f.retry(m.ID, expiry.Add(time.Hour), expiry), 1)
		equal(f, "claimed", idsOfMail(f.claimBy(f.store, store.MailClaim{Now: expiry, Limit: 1})), []uuid.UUID{m.ID})
		dropped := f.outbox(store.MailDropped)
		equal(f, "dropped", len(dropped), len(old))
		for _, d := range dropped {
			if !slices.Contains(old, d.ID) || d.EndedAt != expiry || d.Tries != 0 || d.Lease != uuid.Nil {
				f.Errorf("dropped %+v", d)
			}
		}
	}},
}
