package storetest

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var mailRequestCases = []testCase{
	{"a request for a reset queues a mail with a token to the verified address", func(f *fixture) {
		u := f.verified("alice", "Alice@example.com")
		for i, r := range []store.ResetRequest{
			reset("alice@example.com", "", "by address"),
			reset("", "alice", "by name"),
			reset("nobody@example.com", "alice", "by name, as no address"),
		} {
			at := noon.Add(time.Duration(i) * time.Minute)
			e := event(store.ActionResetRequested, at)
			want := about(e, u.ID, uuid.Nil)
			want.Reason = "queued"
			f.writes("request", func() {
				decision, err := f.store.RequestReset(f.ctx, r, e)
				f.ok("request", err)
				equal(f, "decision", decision, store.MailQueued)
			}, want)
			mail := askedFor(r.Mail, u, "Alice@example.com")
			mail.CreatedAt, mail.NextAt = at, at
			f.outboxHas(r.Token.Hash, mail)
			got, err := f.store.MailToken(f.ctx, r.Token.Hash, at)
			f.ok("read token", err)
			c, err := f.store.CredentialsByID(f.ctx, u.ID)
			f.ok("read credentials", err)
			equal(f, "token", got, store.MailToken{Purpose: store.PurposeReset, Credentials: c, ExpiresAt: r.Token.ExpiresAt})
		}
	}},
	{"an address counts before a username", func(f *fixture) {
		u := f.verified("alice", "shared@example.com")
		f.verified("shared@example.com", "other@example.com")
		r := reset("shared@example.com", "shared@example.com", "token")
		equal(f, "decision", f.asksReset(r, noon), store.MailQueued)
		f.outboxHas("request", askedFor(r.Mail, u, "shared@example.com"))
	}},
	{"nobody, an unverified address and a disabled user get nothing, and the trail says which user", func(f *fixture) {
		candidate, bare, disabled := f.user("unverified"), f.user("bare"), f.verified("disabled", "disabled@example.com")
		f.setEmail(candidate, unverified("unverified@example.com"))
		_, err := f.store.DisableUser(f.ctx, disabled.ID, event(store.ActionUserDisabled, noon))
		f.ok("disable", err)
		for name, tt := range map[string]struct {
			r    store.ResetRequest
			user uuid.UUID
		}{
			"unknown address":     {reset("nobody@example.com", "nobody@example.com", "a"), uuid.Nil},
			"impossible name":     {reset("", "", "b"), uuid.Nil},
			"unverified address":  {reset("unverified@example.com", "unverified@example.com", "c"), uuid.Nil},
			"unverified, by name": {reset("", "unverified", "d"), candidate.ID},
			"no address":          {reset("", "bare", "e"), bare.ID},
			"disabled":            {reset("disabled@example.com", "", "f"), disabled.ID},
		} {
			e := event(store.ActionResetRequested, noon)
			want := about(e, tt.user, uuid.Nil)
			want.Reason = "nobody"
			f.writes(name, func() {
				decision, err := f.store.RequestReset(f.ctx, tt.r, e)
				f.ok(name, err)
				equal(f, name, decision, store.MailNobody)
			}, want)
		}
		f.outboxHas("requests")
		equal(f, "tokens", f.count("mail_tokens"), 0)
	}},
	{"a newer request replaces the waiting mail of the same kind, and no other", func(f *fixture) {
		u := f.verified("alice", "alice@example.com")
		f.verified("bob", "bob@example.com")
		first, theirs, verify, second := reset("", "alice", "first"), reset("", "bob", "theirs"), verification(u, "new@example.com", "verify"), reset("", "alice", "second")
		f.asksReset(first, noon)
		f.asksReset(theirs, noon.Add(time.Minute))
		f.asks(verify, noon.Add(2*time.Minute))
		f.asksReset(second, noon.Add(3*time.Minute))
		states := map[uuid.UUID]store.MailState{}
		for _, m := range f.mails() {
			states[m.ID] = m.State
			equal(f, "ended", m.EndedAt.IsZero(), m.State == store.MailWaiting)
		}
		equal(f, "states", states, map[uuid.UUID]store.MailState{
			first.Mail.ID: store.MailReplaced, theirs.Mail.ID: store.MailWaiting, verify.Mail.ID: store.MailWaiting, second.Mail.ID: store.MailWaiting,
		})
		f.good("first", store.PurposeReset) // it may have arrived
		f.good("theirs", store.PurposeReset)
	}},
	{"each limit is kept, and what is older than it does not count", func(f *fixture) {
		f.verified("alice", "alice@example.com")
		f.verified("bob", "bob@example.com")
		for name, tt := range map[string]struct {
			limits store.MailLimits
			user   string
			want   store.MailDecision
		}{
			"none":               {store.MailLimits{}, "alice", store.MailQueued},
			"per user":           {store.MailLimits{PerUser: 2}, "alice", store.MailOverUser},
			"per user, another":  {store.MailLimits{PerUser: 2}, "bob", store.MailQueued},
			"per user, more":     {store.MailLimits{PerUser: 3}, "alice", store.MailQueued},
			"recipient":          {store.MailLimits{PerRecipient: 2}, "alice", store.MailOverRecipient},
			"recipient, another": {store.MailLimits{PerRecipient: 2}, "bob", store.MailQueued},
			"all":                {store.MailLimits{All: 2, PerUser: 1, PerRecipient: 1}, "bob", store.MailOverAll},
			"all, of nobody":     {store.MailLimits{All: 2}, "nobody", store.MailOverAll},
			"all, more":          {store.MailLimits{All: 3, PerUser: 1}, "alice", store.MailOverUser},
			"later":              {store.MailLimits{Since: noon.Add(time.Minute + time.Microsecond), PerUser: 1, PerRecipient: 1, All: 1}, "alice", store.MailQueued},
		} {
			f.emptyOutbox()
			for i := range 2 { // the first is replaced
				equal(f, "queued", f.asksReset(reset("", "alice", fmt.Sprint(name, i)), noon.Add(time.Duration(i)*time.Minute)), store.MailQueued)
			}
			if tt.limits.Since.IsZero() {
				tt.limits.Since = noon
			}
			r := reset("", tt.user, name)
			r.Limits = tt.limits
			mails, tokens := f.count("outbox"), f.count("mail_tokens")
			equal(f, name, f.asksReset(r, noon.Add(2*time.Minute)), tt.want)
			more := 0
			if tt.want == store.MailQueued {
				more = 1
			}
			equal(f, name+": mails", f.count("outbox"), mails+more)
			equal(f, name+": tokens", f.count("mail_tokens"), tokens+more)
		}
	}},
	{"a notice counts for the installation only, once it was sent", func(f *fixture) {
		u := f.verified("alice", "alice@example.com")
		r, notice := verification(u, "new@example.com", "token"), newMail(store.MailEmailRequested, noon)
		r.Notice = &notice
		f.asks(r, noon)
		again := reset("", "alice", "again")
		again.Limits = store.MailLimits{Since: noon, PerUser: 2, PerRecipient: 1, All: 2}
		equal(f, "the notice waits", f.asksReset(again, noon), store.MailQueued)
		for _, m := range f.claim(noon) {
			equal(f, "recorded", f.record(m, store.MailSent, noon), true)
		}
		again = reset("", "alice", "more")
		again.Limits = store.MailLimits{Since: noon, All: 3}
		equal(f, "the notice was sent", f.asksReset(again, noon), store.MailOverAll)
		again.Limits = store.MailLimits{Since: noon, All: 4}
		equal(f, "and counts once", f.asksReset(again, noon), store.MailQueued)
	}},
	{"what strangers can cause at an address uses up none of its resets", func(f *fixture) {
		f.verified("alice", "alice@example.com")
		limits := store.MailLimits{Since: noon, PerRecipient: 1}
		for i, want := range []store.MailDecision{store.MailQueued, store.MailOverRecipient} {
			r := verification(f.user(fmt.Sprint("mallory", i)), "alice@example.com", fmt.Sprint("token", i))
			r.Limits = limits
			equal(f, "address in use", f.asks(r, noon), want)
		}
		for i, want := range []store.MailDecision{store.MailQueued, store.MailOverRecipient} {
			r := reset("", "alice", fmt.Sprint("reset", i))
			r.Limits = limits
			equal(f, "reset", f.asksReset(r, noon), want)
		}
	}},
	{"a request for a verification mails the address, remembers it, and tells the old one", func(f *fixture) {
		u := f.user("alice")
		r := verification(u, "New@example.com", "first")
		notice := newMail(store.MailEmailRequested, noon)
		r.Notice = &notice
		e := about(event(store.ActionVerifyRequested, noon), u.ID, uuid.Nil)
		want := e
		want.Reason = "queued"
		f.writes("request", func() {
			decision, err := f.store.RequestVerification(f.ctx, r, e)
			f.ok("request", err)
			equal(f, "decision", decision, store.MailQueued)
		}, want)
		f.outboxHas("of a user without an address", askedFor(r.Mail, u, "New@example.com"))
		got, err := f.store.MailToken(f.ctx, hashOf("first"), noon)
		f.ok("read token", err)
		equal(f, "token's address", got.Address, "New@example.com")
		equal(f, "remembered", got.Credentials.User.Email, "New@example.com")
		equal(f, "verified", got.Credentials.User.EmailVerified(), false)
		u = f.setEmail(u, verified("old@example.com"))
		r = verification(u, "next@example.com", "second")
		r.Notice = &notice
		equal(f, "decision", f.asks(r, noon), store.MailQueued)
		f.outboxHas("of a user with an address", askedFor(r.Mail, u, "next@example.com"), notification(notice, u, "old@example.com", "next@example.com"))
		f.owns("old@example.com", "alice")
		r = verification(u, "OLD@example.com", "third")
		r.Notice = &notice
		equal(f, "decision", f.asks(r, noon), store.MailQueued)
		f.outboxHas("of one's own address", askedFor(r.Mail, u, "OLD@example.com"))
	}},
	{"who asks for an address of another user sees no difference, and its owner is told", func(f *fixture) {
		owner := f.verified("owner", "Taken@example.com")
		for _, text := range []string{"free@example.com", "taken@example.com"} {
			u := f.user("asks for " + text)
			limits := store.MailLimits{Since: noon, PerUser: 2}
			for i, want := range []store.MailDecision{store.MailQueued, store.MailQueued, store.MailOverUser} {
				r := verification(u, text, fmt.Sprint(text, i))
				r.Limits = limits
				equal(f, text, f.asks(r, noon.Add(time.Duration(i)*time.Minute)), want)
			}
			f.pending(u, noon, text)
			c, err := f.store.CredentialsByID(f.ctx, u.ID)
			f.ok("read", err)
			equal(f, "remembered", c.User.Email, text)
			mails := f.mails()
			equal(f, "mails", len(mails), 2)
			equal(f, "the first", mails[0].State, store.MailReplaced)
			last := mails[1]
			equal(f, "asked by", last.AskedBy, u.ID)
			if text == "free@example.com" {
				equal(f, "mail", [4]any{last.Kind, last.UserID, last.Username, last.Recipient}, [4]any{store.MailVerify, u.ID, u.Username, text})
			} else {
				equal(f, "mail", [4]any{last.Kind, last.UserID, last.Username, last.Recipient}, [4]any{store.MailAddressInUse, owner.ID, "owner", "Taken@example.com"})
			}
			var linked int
			f.ok("count", f.db.QueryRowContext(f.ctx, `SELECT count(*) FROM outbox o JOIN mail_tokens m ON m.id = o.id`).Scan(&linked))
			equal(f, "mails with a token", linked, map[string]int{"free@example.com": 2}[text])
			f.emptyOutbox()
		}
	}},
	{"a full mailbox is not told of, and an address is remembered then", func(f *fixture) {
		for i := range 3 {
			u := f.user(fmt.Sprint("user", i))
			r := verification(u, "full@example.com", u.Username)
			r.Limits = store.MailLimits{Since: noon, PerRecipient: 2}
			want := store.MailQueued
			if i == 2 {
				want = store.MailOverRecipient
			}
			equal(f, u.Username, f.asks(r, noon), want)
			f.pending(u, noon, "full@example.com")
		}
		equal(f, "mails", f.count("outbox"), 2)
		equal(f, "tokens", f.count("mail_tokens"), 2)
	}},
	{"whoever deletes the account and asks again meets the same limits, and nothing else is left of the mail", func(f *fixture) {
		owner := f.verified("owner", "taken@example.com")
		for i, want := range []store.MailDecision{store.MailQueued, store.MailQueued, store.MailOverRecipient} {
			for _, text := range []string{"free@example.com", "taken@example.com"} {
				u := f.user(fmt.Sprint("user", i, text))
				r := verification(u, text, u.Username)
				r.Limits = store.MailLimits{Since: noon, PerRecipient: 2}
				equal(f, text, f.asks(r, noon), want)
				f.deletes(u, noon)
			}
		}
		f.deletes(owner, noon)
		for _, m := range f.mails() {
			equal(f, "mail of a deleted user", m, queuedMail{
				NewMail: m.NewMail, State: store.MailDropped, AskedBy: m.AskedBy, CreatedAt: noon, NextAt: noon, EndedAt: noon, RecipientHash: m.RecipientHash,
			})
			equal(f, "languages", m.Locale, "")
		}
		equal(f, "mails", f.count("outbox"), 4)
	}},
	{"a request that another password has proved changes nothing", func(f *fixture) {
		u := f.verified("alice", "alice@example.com")
		r := verification(u, "new@example.com", "token")
		notice := newMail(store.MailEmailRequested, noon)
		r.Notice, r.PasswordHash = &notice, oldHash
		e := about(event(store.ActionVerifyRequested, noon), u.ID, uuid.Nil)
		for _, change := range []func(r *store.VerificationRequest){
			func(r *store.VerificationRequest) { r.PasswordHash = "$argon2id$other" },
			func(r *store.VerificationRequest) { r.UserID = uuid.New() },
		} {
			r := r
			change(&r)
			f.writes("refused", func() {
				_, err := f.store.RequestVerification(f.ctx, r, e)
				f.is("refused", err, store.ErrConflict)
			})
		}
		f.outboxHas("refused")
		equal(f, "tokens", f.count("mail_tokens"), 0)
		equal(f, "decision", f.asks(r, noon), store.MailQueued)
	}},
	{"nobody and a disabled user get no verification", func(f *fixture) {
		disabled := f.user("disabled")
		_, err := f.store.DisableUser(f.ctx, disabled.ID, event(store.ActionUserDisabled, noon))
		f.ok("disable", err)
		for _, u := range []store.User{disabled, {ID: uuid.New()}} {
			equal(f, "decision", f.asks(verification(u, "new@example.com", u.ID.String()), noon), store.MailNobody)
		}
		equal(f, "mails", f.count("outbox"), 0)
		equal(f, "tokens", f.count("mail_tokens"), 0)
		f.pending(disabled, noon, "")
	}},
}
