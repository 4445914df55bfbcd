package storetest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const lease = 3 * time.Minute

// address returns the verified address of a name.
func address(name string) store.Address {
	return store.Address{Text: "To." + name + "@example.com", Folded: "to." + name + "@example.com", Verified: true}
}

// reader creates a user of that name with a verified address.
func (f *fixture) reader(name string) store.User {
	f.Helper()
	u, err := f.store.CreateUser(f.ctx, store.NewUser{
		ID: uuid.New(), Username: name, Folded: name, PasswordHash: oldHash, CreatedAt: noon, Email: address(name), Locale: "de-CH,de",
	}, event(store.ActionUserCreated, noon))
	f.ok("create user", err)
	return u
}

// notice returns a mail of a kind.
func notice(kind store.MailKind) *store.NewMail {
	id := uuid.New()
	return &store.NewMail{ID: id, Kind: kind, Locale: "fr", MessageID: id.String() + "@example.com", ExpiresAt: noon.Add(72 * time.Hour)}
}

// noticed returns the row of a notice that a change queued by e for u.
func noticed(n *store.NewMail, u store.User, e store.Event) store.Mail {
	m := store.Mail{
		ID: n.ID, Kind: n.Kind, State: store.MailWaiting, UserID: u.ID, Username: u.Username, Recipient: u.Email, Locale: u.Locale,
		MessageID: n.MessageID, CreatedAt: e.At, RemoteAddr: e.RemoteAddr, UserAgent: e.UserAgent, ExpiresAt: n.ExpiresAt, NextAt: e.At,
	}
	if m.Locale == "" {
		m.Locale = n.Locale
	}
	return m
}

// queue queues a notice to u at an instant.
func (f *fixture) queue(u store.User, at time.Time) store.Mail {
	f.Helper()
	n := notice(store.MailPasswordChanged)
	e := about(event(store.ActionPasswordChanged, at), u.ID, uuid.Nil)
	_, err := f.store.SetPassword(f.ctx, u.ID, oldHash, n, e)
	f.ok("set password", err)
	return noticed(n, u, e)
}

// link queues a mail with a link to u at an instant. It and its token expire after half an hour.
func (f *fixture) link(u store.User, at time.Time) store.Mail {
	f.Helper()
	n := notice(store.MailReset)
	n.ExpiresAt = at.Add(20 * time.Minute)
	r := store.ResetRequest{Email: address(u.Username).Folded, Mail: *n, Token: store.NewMailToken{Hash: hashOf(n.MessageID), ExpiresAt: at.Add(30 * time.Minute)}}
	e := event(store.ActionResetRequested, at)
	decision, err := f.store.RequestReset(f.ctx, r, e)
	f.ok("request reset", err)
	equal(f, "decision", decision, store.MailQueued)
	m := noticed(n, u, e)
	m.TokenHash, m.TokenUntil = r.Token.Hash, r.Token.ExpiresAt
	return m
}

func (f *fixture) claimBy(s store.Store, c store.MailClaim) []store.Mail {
	f.Helper()
	c.Until = c.Now.Add(lease)
	if c.Lease == uuid.Nil {
		c.Lease = uuid.New()
	}
	if c.Limit == 0 {
		c.Limit = 10
	}
	mails, err := s.ClaimMail(f.ctx, c)
	f.ok("claim mail", err)
	return mails
}

// claim claims up to ten mails.
func (f *fixture) claim(now time.Time) []store.Mail {
	f.Helper()
	return f.claimBy(f.store, store.MailClaim{Now: now})
}

// record records the result of a try.
func (f *fixture) record(m store.Mail, state store.MailState, at time.Time) bool {
	f.Helper()
	r := store.MailResult{ID: m.ID, Lease: m.Lease, At: at, State: state}
	if state == store.MailWaiting {
		r.NextAt, r.Class, r.Code, r.Enhanced = at.Add(time.Minute), "refused", 451, "4.7.1"
	}
	recorded, err := f.store.RecordMail(f.ctx, r)
	f.ok("record mail", err)
	return recorded
}

// outbox returns the mails in some states, all if there are none, oldest first.
func (f *fixture) outbox(states ...store.MailState) []store.Mail {
	f.Helper()
	mails, _, err := f.store.Mails(f.ctx, store.MailPage{States: states, Limit: 1000})
	f.ok("list mail", err)
	slices.Reverse(mails)
	return mails
}

func idsOfMail(mails []store.Mail) []uuid.UUID {
	ids := []uuid.UUID{}
	for _, m := range mails {
		ids = append(ids, m.ID)
	}
	return ids
}

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
			return f.claimBy(f.store, store.MailClaim{Now: at, MaxPerHour: 3, Limit: 2})
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
				n, err := f.store.RetryMail(f.ctx, m.ID, until, e)
				f.ok("retry", err)
				equal(f, "retried", n, 1)
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
	{"all mail that has failed is retried or dropped, and no other", func(f *fixture) {
		u := f.reader("alice")
		var failed []store.Mail
		for range 3 {
			f.queue(u, noon)
			m := f.claim(noon)[0]
			equal(f, "recorded", f.record(m, store.MailFailed, noon), true)
			failed = append(failed, m)
		}
		waiting := f.queue(u, noon.Add(time.Hour))
		e := event(store.ActionMailRetried, noon.Add(time.Minute))
		f.writes("retry all", func() { equal(f, "retried", f.retry(uuid.Nil, noon, e.At), 3) },
			e.OfMail(failed[0]), e.OfMail(failed[1]), e.OfMail(failed[2]))
		equal(f, "retried again", f.retry(uuid.Nil, noon, e.At), 0)
		for _, m := range f.claim(e.At) {
			equal(f, "recorded", f.record(m, store.MailFailed, e.At), true)
		}
		e.Action = store.ActionMailDropped
		f.writes("drop all", func() {
			n, err := f.store.DropMail(f.ctx, uuid.Nil, e)
			f.ok("drop", err)
			equal(f, "dropped", n, 3)
		}, e.OfMail(failed[0]), e.OfMail(failed[1]), e.OfMail(failed[2]))
		equal(f, "in the outbox", idsOfMail(f.outbox(store.MailWaiting)), []uuid.UUID{waiting.ID})
		equal(f, "dropped", len(f.outbox(store.MailDropped)), 3)
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
	n, err := f.store.RetryMail(f.ctx, id, until, event(store.ActionMailRetried, at))
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
