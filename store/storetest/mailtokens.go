package storetest

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var mailTokenCases = []testCase{
	{"a reset sets the password once, ends the sessions, and forgets the failures", func(f *fixture) {
		u := f.verified("alice", "alice@example.com")
		f.session(u, "one")
		f.begin(attempt("alice", "192.0.2.1", noon))
		f.ok("fail", f.store.FailLogin(f.ctx, 1, store.Ceiling{}, nil, about(event(store.ActionLoginFailed, noon), u.ID, uuid.Nil)))
		f.asksReset(reset("", "alice", "token"), noon)
		f.asksReset(reset("", "alice", "other"), noon)
		f.asks(verification(u, "new@example.com", "verify"), noon)
		f.emptyOutbox()
		later, notice := noon.Add(10*time.Minute), newMail(store.MailPasswordReset, noon)
		e := event(store.ActionPasswordReset, later)
		f.writes("reset", func() {
			f.publishes("reset", func() {
				got, done, err := f.store.ResetPassword(f.ctx, hashOf("token"), "$argon2id$new", &notice, e)
				f.ok("reset", err)
				equal(f, "done", done, true)
				want := u
				want.PasswordChangedAt = later
				equal(f, "user", got, want)
			}, store.Revocation{At: later, UserID: u.ID, Generation: store.NextGeneration(later)})
		}, about(e, u.ID, uuid.Nil))
		c, err := f.store.Credentials(f.ctx, "alice")
		f.ok("read credentials", err)
		equal(f, "hash", c.PasswordHash, "$argon2id$new")
		equal(f, "alive", len(f.alive(noon)), 0)
		equal(f, "counted", f.counted(), map[string]int{})
		told := notification(notice, u, "alice@example.com", "")
		told.CreatedAt, told.NextAt = later, later
		f.outboxHas("reset", told)
		for _, token := range []string{"token", "other", "verify"} {
			f.dead(token)
		}
	}},
	{"an operator's token resets an account without an address and without a password", func(f *fixture) {
		u, err := f.store.CreateUser(f.ctx, store.NewUser{ID: uuid.New(), Username: "alice", Folded: "alice", CreatedAt: noon}, event(store.ActionUserCreated, noon))
		f.ok("create", err)
		f.issue(u, "first")
		e := about(event(store.ActionResetIssued, noon), u.ID, uuid.Nil)
		f.writes("issue", func() {
			got, err := f.store.IssueReset(f.ctx, u.ID, uuid.New(), newToken("second"), e)
			f.ok("issue", err)
			equal(f, "user", got, u)
		}, e)
		f.dead("first")
		notice := newMail(store.MailPasswordReset, noon)
		_, done, err := f.store.ResetPassword(f.ctx, hashOf("second"), "$argon2id$new", &notice, event(store.ActionPasswordReset, noon))
		f.ok("reset", err)
		equal(f, "done", done, true)
		f.outboxHas("reset")
		f.writes("issue to nobody", func() {
			_, err := f.store.IssueReset(f.ctx, uuid.New(), uuid.New(), newToken("third"), e)
			f.is("issue", err, store.ErrNotFound)
		})
	}},
	{"every change that ends access makes the tokens useless, and only those of that user", func(f *fixture) {
		other := f.verified("other", "other@example.com")
		for name, change := range endingAccess(f) {
			u := f.verified("user "+name, name+"@example.com")
			f.issue(u, name+" issued")
			f.asksReset(reset("", u.Folded, name+" reset"), noon)
			f.asks(verification(u, "new "+name+"@example.com", name+" verify"), noon)
			if name != "everyone's sessions" && name != "restore" {
				f.issue(other, "other's before "+name)
			}
			f.ok(name, change(u, about(event(store.ActionSessionsRevoked, noon), u.ID, uuid.Nil)))
			for _, token := range []string{" issued", " reset", " verify"} {
				f.dead(name + token)
			}
			if name != "everyone's sessions" && name != "restore" {
				f.good("other's before "+name, store.PurposeReset)
			}
		}
	}},
	{"sign-ins, failures, unlocking and a better hash leave tokens good", func(f *fixture) {
		u := f.verified("alice", "alice@example.com")
		f.issue(u, "token")
		n := f.newSession(u, "one")
		n.Rehash = "$argon2id$stronger"
		f.start(n)
		e := about(event(store.ActionLoginFailed, noon), u.ID, uuid.Nil)
		f.ok("fail", f.store.FailLogin(f.ctx, 1, store.Ceiling{}, nil, e))
		f.good("token", store.PurposeReset)
		_, err := f.store.UnlockUser(f.ctx, u.ID, e)
		f.ok("unlock", err)
		_, err = f.store.EnableUser(f.ctx, u.ID, e)
		f.ok("enable", err)
		_, err = f.store.EndSession(f.ctx, n.ID, e)
		f.ok("end session", err)
		f.good("token", store.PurposeReset)
	}},
	{"a token that is issued to a disabled user is useless until the user is enabled", func(f *fixture) {
		u := f.user("alice")
		_, err := f.store.DisableUser(f.ctx, u.ID, event(store.ActionUserDisabled, noon))
		f.ok("disable", err)
		_, err = f.store.IssueReset(f.ctx, u.ID, uuid.New(), newToken("token"), event(store.ActionResetIssued, noon))
		f.ok("issue", err)
		f.dead("token")
		_, err = f.store.EnableUser(f.ctx, u.ID, event(store.ActionUserEnabled, noon))
		f.ok("enable", err)
		f.good("token", store.PurposeReset)
	}},
	{"a token is good until it expires, and is deleted some time later", func(f *fixture) {
		f.verified("alice", "alice@example.com")
		for i := range 3 {
			r := reset("", "alice", fmt.Sprint("token ", i))
			r.Token.ExpiresAt = noon.Add(time.Duration(i+1) * time.Minute)
			f.asksReset(r, noon)
		}
		_, err := f.store.MailToken(f.ctx, hashOf("token 2"), noon.Add(3*time.Minute-time.Microsecond))
		f.ok("read just in time", err)
		f.deadAt("token 2", noon.Add(3*time.Minute))
		for _, want := range []int{1, 1, 0} {
			n, err := f.store.DeleteOldMailTokens(f.ctx, noon.Add(3*time.Minute), 1)
			f.ok("delete", err)
			equal(f, "deleted", n, want)
		}
		equal(f, "left", f.count("mail_tokens"), 1)
	}},
	{"a token for one purpose is good for no other", func(f *fixture) {
		u := f.verified("alice", "alice@example.com")
		f.issue(u, "reset")
		f.asks(verification(u, "new@example.com", "verify"), noon)
		f.writes("wrong uses", func() {
			v, err := f.store.VerifyEmail(f.ctx, hashOf("reset"), nil, event(store.ActionEmailVerified, noon))
			f.ok("verify", err)
			equal(f, "outcome", v.Outcome, store.VerifyDead)
			_, done, err := f.store.ResetPassword(f.ctx, hashOf("verify"), "$argon2id$new", nil, event(store.ActionPasswordReset, noon))
			f.ok("reset", err)
			equal(f, "done", done, false)
		})
		f.good("reset", store.PurposeReset)
		f.good("verify", store.PurposeVerify)
	}},
	{"a verified address becomes the user's, and a second press finds it verified", func(f *fixture) {
		u := f.user("alice")
		n := f.session(u, "one")
		f.issue(u, "reset")
		for _, token := range []string{"first", "second"} {
			f.asks(verification(u, "New@example.com", token), noon)
		}
		f.asks(verification(u, "other@example.com", "other"), noon)
		f.emptyOutbox()
		later, notice := noon.Add(10*time.Minute), newMail(store.MailEmailChanged, noon)
		e := event(store.ActionEmailVerified, later)
		want := u
		want.Email, want.EmailVerifiedAt = "New@example.com", later
		f.writes("verify", func() {
			f.publishes("verify", func() {
				v, err := f.store.VerifyEmail(f.ctx, hashOf("first"), &notice, e)
				f.ok("verify", err)
				equal(f, "verification", v, store.Verification{Outcome: store.Verified, User: want})
			})
		}, about(e, u.ID, uuid.Nil))
		f.outboxHas("of the first address")
		f.owns("new@example.com", "alice")
		equal(f, "the session lives", f.access(u, n.ID).SessionCurrent, true)
		f.writes("press again", func() {
			for _, token := range []string{"first", "second"} {
				v, err := f.store.VerifyEmail(f.ctx, hashOf(token), &notice, e)
				f.ok("verify", err)
				equal(f, token, v, store.Verification{Outcome: store.VerifiedAlready, User: want})
			}
		})
		f.dead("other")
		f.good("reset", store.PurposeReset)
		f.setEmail(u, verified("elsewhere@example.com"))
		f.dead("first")
	}},
	{"an address that replaces another ends the other tokens, and the old address is told", func(f *fixture) {
		u := f.verified("alice", "old@example.com")
		n := f.session(u, "one")
		f.asksReset(reset("", "alice", "reset"), noon)
		f.asks(verification(u, "next@example.com", "other"), noon)
		f.asks(verification(u, "new@example.com", "verify"), noon)
		f.emptyOutbox()
		notice := newMail(store.MailEmailChanged, noon)
		v, err := f.store.VerifyEmail(f.ctx, hashOf("verify"), &notice, event(store.ActionEmailVerified, noon))
		f.ok("verify", err)
		equal(f, "outcome", v.Outcome, store.Verified)
		f.outboxHas("of the second address", notification(notice, u, "old@example.com", "new@example.com"))
		f.dead("reset")
		f.dead("other")
		f.owns("old@example.com", "")
		equal(f, "the session lives", f.access(u, n.ID).SessionCurrent, true)
	}},
	{"a user may verify the own address again, in another spelling", func(f *fixture) {
		u := f.verified("alice", "alice@example.com")
		f.asksReset(reset("", "alice", "reset"), noon)
		f.asks(verification(u, "Alice@example.com", "verify"), noon)
		f.emptyOutbox()
		notice := newMail(store.MailEmailChanged, noon)
		v, err := f.store.VerifyEmail(f.ctx, hashOf("verify"), &notice, event(store.ActionEmailVerified, noon))
		f.ok("verify", err)
		equal(f, "outcome", v.Outcome, store.Verified)
		equal(f, "address", v.User.Email, "Alice@example.com")
		f.outboxHas("of the same address")
		f.good("reset", store.PurposeReset)
	}},
	{"an address that another user has verified meanwhile is not verified again", func(f *fixture) {
		u := f.verified("alice", "alice@example.com")
		f.asks(verification(u, "new@example.com", "verify"), noon)
		f.verified("bob", "New@example.com")
		f.writes("verify", func() {
			v, err := f.store.VerifyEmail(f.ctx, hashOf("verify"), nil, event(store.ActionEmailVerified, noon))
			f.ok("verify", err)
			equal(f, "verification", v, store.Verification{Outcome: store.VerifyTaken, User: u})
		})
		f.owns("new@example.com", "bob")
		f.owns("alice@example.com", "alice")
		f.good("verify", store.PurposeVerify)
	}},
}
