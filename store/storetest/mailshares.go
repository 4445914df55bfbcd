package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var mailShareCases = []testCase{
	{"mails that somebody asked for are claimed before notices, and each in the order in which they are due", func(f *fixture) {
		u, other := f.reader("alice"), f.reader("bob")
		notices := []uuid.UUID{f.queue(u, noon).ID, f.queue(u, noon.Add(time.Second)).ID}
		asked := []uuid.UUID{f.link(u, noon.Add(2*time.Second)).ID, f.link(other, noon.Add(3*time.Second)).ID}
		r := verification(u, address("bob").Folded, "in use")
		equal(f, "decision", f.asks(r, noon.Add(4*time.Second)), store.MailQueued)
		asked = append(asked, r.Mail.ID)
		claim := func(limit int) []uuid.UUID {
			return idsOfMail(f.claimBy(f.store, store.MailClaim{Now: noon.Add(time.Minute), Limit: limit}))
		}
		equal(f, "first claim", claim(2), asked[:2])
		equal(f, "second claim", claim(2), []uuid.UUID{asked[2], notices[0]})
		equal(f, "third claim", claim(2), notices[1:])
	}},
	{"notices leave the rest of the hour to mails that somebody asked for", func(f *fixture) {
		u := f.reader("alice")
		for range 5 {
			f.queue(u, noon)
		}
		claim := func(at time.Time) []store.Mail {
			return f.claimBy(f.store, store.MailClaim{Now: at, MaxPerHour: 4, MaxNotices: 2})
		}
		first := claim(noon)
		equal(f, "notices", len(first), 2)
		equal(f, "while they are leased", len(claim(noon)), 0)
		for _, m := range first {
			equal(f, "sent", f.record(m, store.MailSent, noon), true)
		}
		equal(f, "once they were sent", len(claim(noon)), 0)
		for _, name := range []string{"bob", "carl", "dora"} {
			f.link(f.reader(name), noon)
		}
		links := claim(noon)
		equal(f, "links", len(links), 2)
		for _, m := range links {
			equal(f, "kind", m.Kind, store.MailReset)
			equal(f, "failed", f.record(m, store.MailFailed, noon), true)
		}
		next := claim(noon)
		equal(f, "the last link", len(next), 1)
		equal(f, "kind", next[0].Kind, store.MailReset)
		equal(f, "an hour later", len(claim(noon.Add(time.Hour))), 2)
	}},
	{"links may take all of the hour", func(f *fixture) {
		f.queue(f.reader("alice"), noon)
		for _, name := range []string{"bob", "carl", "dora"} {
			f.link(f.reader(name), noon.Add(time.Second))
		}
		claimed := f.claimBy(f.store, store.MailClaim{Now: noon.Add(time.Second), MaxPerHour: 3, MaxNotices: 2})
		equal(f, "claimed", len(claimed), 3)
		for _, m := range claimed {
			equal(f, "kind", m.Kind, store.MailReset)
		}
	}},
	{"of one kind of notice to a user no more become due in an hour than may, and the others wait", func(f *fixture) {
		u := f.reader("alice")
		tell := func(what string, at, due time.Time, queue func(n *store.NewMail, e store.Event) error) {
			n := notice(store.MailPasswordChanged)
			n.PerHour = 2
			e := about(event(store.ActionPasswordChanged, at), u.ID, uuid.Nil)
			f.ok(what, queue(n, e))
			mails := f.outbox()
			m := mails[len(mails)-1]
			equal(f, what+": the mail", m.MessageID, n.MessageID)
			equal(f, what+": due", m.NextAt, due)
			equal(f, what+": dated", m.CreatedAt, at)
		}
		set := func(n *store.NewMail, e store.Event) error {
			return errorOf(f.store.SetPassword(f.ctx, u.ID, oldHash, n, e))
		}
		at := func(d time.Duration) time.Time { return noon.Add(d) }
		tell("first", at(0), at(0), set)
		tell("second", at(time.Minute), at(time.Minute), set)
		tell("third", at(2*time.Minute), at(time.Hour), set)
		tell("fourth", at(3*time.Minute), at(time.Hour+time.Minute), set)
		tell("fifth", at(4*time.Minute), at(2*time.Hour), set)
		tell("another kind", at(5*time.Minute), at(5*time.Minute), func(n *store.NewMail, e store.Event) error {
			n.Kind = store.MailEmailChanged
			return errorOf(f.store.SetEmail(f.ctx, u.ID, address("alice.new"), n, e))
		})
		tell("no limit", at(6*time.Minute), at(6*time.Minute), func(n *store.NewMail, e store.Event) error {
			n.PerHour = 0
			return set(n, e)
		})
		alice := u
		u = f.reader("bob")
		tell("another user", at(7*time.Minute), at(7*time.Minute), set)
		u = alice
		tell("long after", at(4*time.Hour), at(4*time.Hour), set)
	}},
	{"a sign-in from a new place and a disabled password are told as often as other notices", func(f *fixture) {
		u := f.reader("alice")
		var told []time.Time
		for i, place := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"} { // the first is told to nobody
			at := noon.Add(time.Duration(i) * time.Second)
			a := attempt("alice", place, at)
			n := f.newSession(u, place)
			n.Attempt, n.Notice = &a, notice(store.MailNewPlace)
			n.Notice.PerHour = 2
			f.start(n)
		}
		for _, m := range f.outbox() {
			told = append(told, m.NextAt)
		}
		slices.SortFunc(told, time.Time.Compare)
		equal(f, "new places are told", len(told), 3)
		equal(f, "the last waits", told[2], told[0].Add(time.Hour))
		f.emptyOutbox()
		for i := range 2 {
			at := noon.Add(time.Duration(i) * time.Second)
			n := notice(store.MailPasswordDisabled)
			n.PerHour = 1
			f.ok("fail", f.store.FailLogin(f.ctx, 1, store.Ceiling{}, n, about(event(store.ActionLoginFailed, at), u.ID, uuid.Nil)))
			_, err := f.store.SetPassword(f.ctx, u.ID, oldHash, nil, about(event(store.ActionPasswordChanged, at), u.ID, uuid.Nil))
			f.ok("set password", err)
		}
		mails := f.outbox()
		equal(f, "disabled twice", len(mails), 2)
		equal(f, "the second waits", mails[1].NextAt, noon.Add(time.Hour))
	}},
	{"a notice that is not due yet does not wait in the statistics", func(f *fixture) {
		u := f.reader("alice")
		for range 2 {
			n := notice(store.MailPasswordChanged)
			n.PerHour = 1
			_, err := f.store.SetPassword(f.ctx, u.ID, oldHash, n, about(event(store.ActionPasswordChanged, noon), u.ID, uuid.Nil))
			f.ok("set password", err)
		}
		equal(f, "sent", f.record(f.claim(noon)[0], store.MailSent, noon), true)
		oldest := func(what string, want time.Time) {
			stats, err := f.store.MailStats(f.ctx)
			f.ok("count", err)
			equal(f, what, stats.Oldest, want)
		}
		due := noon.Add(time.Hour)
		oldest("due later", due)
		equal(f, "tried", f.record(f.claim(due)[0], store.MailWaiting, due), true)
		oldest("tried", noon)
	}},
}

// errorOf returns the error of a call with a result.
func errorOf[T any](_ T, err error) error { return err }
