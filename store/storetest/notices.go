package storetest

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var noticeCases = []testCase{
	{"a mail with a link has its token, and is dropped once that is dead", func(f *fixture) {
		for name, kill := range map[string]func(u store.User, m store.Mail, e store.Event) error{
			"used": func(_ store.User, m store.Mail, e store.Event) error {
				_, _, err := f.store.ResetPassword(f.ctx, m.TokenHash, oldHash, nil, e)
				return err
			},
			"revoked": func(u store.User, _ store.Mail, e store.Event) error {
				_, err := f.store.EndSessions(f.ctx, store.OfUser(u.ID), e)
				return err
			},
			"everybody revoked": func(_ store.User, _ store.Mail, e store.Event) error {
				_, err := f.store.EndSessions(f.ctx, store.Everyone(), e)
				return err
			},
			"new password": func(u store.User, _ store.Mail, e store.Event) error {
				_, err := f.store.SetPassword(f.ctx, u.ID, oldHash, nil, e)
				return err
			},
			"disabled": func(u store.User, _ store.Mail, e store.Event) error {
				_, err := f.store.DisableUser(f.ctx, u.ID, e)
				return err
			},
			"expired": nil,
		} {
			u := f.reader(name)
			want := f.link(u, noon)
			equal(f, name+": waiting", f.outbox(store.MailWaiting), []store.Mail{want})
			at := noon.Add(20*time.Minute - time.Microsecond)
			if kill == nil {
				at = noon.Add(20 * time.Minute)
			} else {
				f.ok(name, kill(u, want, about(event(store.ActionSessionsRevoked, noon.Add(time.Second)), u.ID, uuid.Nil)))
			}
			equal(f, name+": claimed", idsOfMail(f.claim(at)), []uuid.UUID{})
			equal(f, name+": waiting", len(f.outbox(store.MailWaiting)), 0)
			equal(f, name+": a good one", idsOfMail([]store.Mail{f.link(f.reader(name+", too"), at)}), idsOfMail(f.claim(at)))
			f.emptyOutbox()
		}
	}},
	{"a retry extends a mail with a link no further than its token", func(f *fixture) {
		m := f.link(f.reader("alice"), noon)
		equal(f, "retried", f.retry(m.ID, noon.Add(72*time.Hour), noon), 1)
		equal(f, "expiry", f.outbox()[0].ExpiresAt, m.TokenUntil)
	}},
	{"a new password deletes the tokens, drops their mail at once and is told to the verified address", func(f *fixture) {
		u := f.reader("alice")
		link := f.link(u, noon)
		n := notice(store.MailPasswordChanged)
		e := about(event(store.ActionPasswordChanged, noon.Add(time.Second)), u.ID, uuid.Nil)
		f.writes("set", func() {
			_, err := f.store.SetPassword(f.ctx, u.ID, "$argon2id$new", n, e)
			f.ok("set", err)
		}, e)
		equal(f, "waiting", f.outbox(store.MailWaiting), []store.Mail{noticed(n, u, e)})
		equal(f, "dropped", idsOfMail(f.outbox(store.MailDropped)), []uuid.UUID{link.ID})
		equal(f, "tokens", f.count("mail_tokens"), 0)
		for _, other := range []store.User{f.user("bare"), f.setEmail(f.user("unverified"), unverified("u@example.com"))} {
			_, err := f.store.SetPassword(f.ctx, other.ID, "$argon2id$new", notice(store.MailPasswordChanged), e)
			f.ok("set", err)
		}
		equal(f, "mails", len(f.outbox()), 2)
	}},
	{"disabling a user deletes the tokens and drops their mail, and leaves notices", func(f *fixture) {
		u, other := f.reader("alice"), f.reader("bob")
		kept := []uuid.UUID{f.queue(u, noon).ID, f.link(other, noon.Add(time.Second)).ID}
		link := f.link(u, noon.Add(2*time.Second))
		at := noon.Add(time.Minute)
		_, err := f.store.DisableUser(f.ctx, u.ID, about(event(store.ActionUserDisabled, at), u.ID, uuid.Nil))
		f.ok("disable", err)
		equal(f, "waiting", idsOfMail(f.outbox(store.MailWaiting)), kept)
		dropped := f.outbox(store.MailDropped)
		equal(f, "dropped", idsOfMail(dropped), []uuid.UUID{link.ID})
		equal(f, "ended at", dropped[0].EndedAt, at)
		equal(f, "tokens", f.count("mail_tokens"), 1)
	}},
	{"a deleted user's mail is emptied, and the notice of it is deleted once it ended", func(f *fixture) {
		for _, end := range []store.MailState{store.MailSent, store.MailFailed, store.MailDropped, store.MailWaiting} {
			u := f.reader("alice")
			f.queue(u, noon)
			f.link(u, noon)
			n := notice(store.MailAccountDeleted)
			e := about(event(store.ActionUserDeleted, noon), u.ID, uuid.Nil)
			f.writes("delete", func() { f.ok("delete", f.store.DeleteUser(f.ctx, u.ID, store.Deletion{Notice: n}, e)) }, e)
			want := noticed(n, u, e)
			want.UserID = uuid.Nil
			equal(f, "mails", f.outbox(store.MailWaiting), []store.Mail{want})
			for _, m := range f.outbox(store.MailDropped) {
				equal(f, "left of the others", []string{m.Username, m.Recipient, m.TokenHash}, []string{"", "", ""})
			}
			m := f.claim(noon)[0]
			switch end {
			case store.MailDropped:
				dropped, err := f.store.DropMail(f.ctx, m.ID, event(store.ActionMailDropped, noon))
				f.ok("drop", err)
				equal(f, "dropped", dropped, 1)
			case store.MailWaiting:
				equal(f, "recorded", f.record(m, store.MailWaiting, noon), true)
				equal(f, "still there", len(f.outbox(store.MailWaiting)), 1)
				equal(f, "expired", len(f.claim(n.ExpiresAt)), 0)
			default:
				equal(f, "recorded", f.record(m, end, noon), true)
				equal(f, "recorded again", f.record(m, end, noon), false)
			}
			equal(f, string(end)+": there", slices.Contains(idsOfMail(f.outbox()), n.ID), false)
			f.emptyOutbox()
		}
		bare := f.user("bare")
		f.ok("delete", f.store.DeleteUser(f.ctx, bare.ID, store.Deletion{Notice: notice(store.MailAccountDeleted)}, event(store.ActionUserDeleted, noon)))
		equal(f, "mails to nobody", len(f.outbox()), 0)
	}},
	{"an owner deletes the account only with the hash that was verified", func(f *fixture) {
		u := f.reader("alice")
		e := about(event(store.ActionUserDeleted, noon), u.ID, uuid.Nil)
		f.writes("delete", func() {
			f.is("another hash", f.store.DeleteUser(f.ctx, u.ID, store.Deletion{PasswordHash: "$argon2id$other", Notice: notice(store.MailAccountDeleted)}, e), store.ErrConflict)
			f.is("nobody", f.store.DeleteUser(f.ctx, uuid.New(), store.Deletion{PasswordHash: oldHash}, e), store.ErrNotFound)
		})
		_, err := f.store.UserByID(f.ctx, u.ID)
		f.ok("read", err)
		equal(f, "mails", len(f.outbox()), 0)
		f.ok("delete", f.store.DeleteUser(f.ctx, u.ID, store.Deletion{PasswordHash: oldHash}, e))
		_, err = f.store.UserByID(f.ctx, u.ID)
		f.is("read", err, store.ErrNotFound)
	}},
	{"a sign-in from a new place is told to a user who has others", func(f *fixture) {
		u := f.reader("alice")
		signIn := func(what, address string, at time.Time, told bool) {
			a := attempt("alice", address, at)
			equal(f, "retry at", f.begin(a), time.Time{})
			n := f.newSession(u, uuid.NewString())
			n.Attempt, n.Notice, n.Locale = &a, notice(store.MailNewPlace), "it,en"
			e := about(event(store.ActionLogin, at), u.ID, n.ID)
			started, err := f.store.StartSession(f.ctx, n, e)
			f.ok("start", err)
			equal(f, "started", started, true)
			want := []store.Mail{}
			if told {
				m := noticed(n.Notice, u, e)
				m.Locale = "it,en"
				want = append(want, m)
			}
			equal(f, what, append([]store.Mail{}, f.outbox()...), want)
			f.emptyOutbox()
		}
		signIn("the first place", "192.0.2.1", noon, false)
		signIn("the same place", "192.0.2.1", noon.Add(time.Hour), false)
		signIn("another place", "192.0.2.2", noon.Add(2*time.Hour), true)
		signIn("another place again", "192.0.2.2", noon.Add(3*time.Hour), false)
		signIn("the first place, in time", "192.0.2.1", noon.Add(25*time.Hour-time.Second), false)
		signIn("the other place, long after", "192.0.2.2", noon.Add(72*time.Hour), true)
	}},
	{"a sign-in tells nothing to who has no verified address, without a notice, or when it is refused", func(f *fixture) {
		u, reader := f.user("bare"), f.reader("alice")
		for _, address := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"} {
			for _, who := range []store.User{u, reader} {
				a := attempt(who.Folded, address, noon)
				n := f.newSession(who, uuid.NewString())
				n.Attempt = &a
				if who.ID == u.ID {
					n.Notice = notice(store.MailNewPlace)
				}
				f.start(n)
			}
		}
		a := attempt("alice", "192.0.2.4", noon)
		n := f.newSession(reader, "late")
		n.Attempt, n.Notice, n.PasswordHash = &a, notice(store.MailNewPlace), "$argon2id$other"
		started, err := f.store.StartSession(f.ctx, n, event(store.ActionLogin, noon))
		f.ok("start", err)
		equal(f, "started", started, false)
		equal(f, "mails", len(f.outbox()), 0)
	}},
	{"the languages of the latest sign-in are kept, and an empty list changes nothing", func(f *fixture) {
		u := f.user("alice")
		for _, tt := range []struct{ given, want string }{{"", ""}, {"de", "de"}, {"", "de"}, {"fr,en", "fr,en"}} {
			n := f.newSession(u, uuid.NewString())
			n.Locale = tt.given
			f.start(n)
			got, err := f.store.UserByID(f.ctx, u.ID)
			f.ok("read", err)
			equal(f, "languages after "+tt.given, got.Locale, tt.want)
		}
	}},
	{"a password that failures disable is told once", func(f *fixture) {
		u, bare := f.reader("alice"), f.user("bare")
		var want []store.Mail
		for i := range 4 {
			n := notice(store.MailPasswordDisabled)
			e := about(event(store.ActionLoginFailed, noon.Add(time.Duration(i)*time.Second)), u.ID, uuid.Nil)
			f.ok("fail", f.store.FailLogin(f.ctx, 3, store.Ceiling{}, n, e))
			if i == 2 {
				want = []store.Mail{noticed(n, u, e)}
			}
			if i >= 2 {
				equal(f, "mails", f.outbox(), want)
			} else {
				equal(f, "mails", len(f.outbox()), 0)
			}
		}
		f.ok("fail", f.store.FailLogin(f.ctx, 1, store.Ceiling{}, notice(store.MailPasswordDisabled), about(event(store.ActionLoginFailed, noon), bare.ID, uuid.Nil)))
		f.ok("fail", f.store.FailLogin(f.ctx, 1, store.Ceiling{}, notice(store.MailPasswordDisabled), event(store.ActionLoginFailed, noon)))
		equal(f, "mails", f.outbox(), want)
	}},
}
