package storetest

import (
	"strings"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// newReader returns a new user with an unverified address, and the request that verifies it.
func newReader(name, text string) store.NewUser {
	return store.NewUser{
		ID: uuid.New(), Username: name, Folded: name, PasswordHash: oldHash, CreatedAt: noon, Locale: "es", Email: unverified(text),
		Verification: &store.VerificationRequest{Mail: newMail(store.MailVerify, noon), Token: newToken(name)},
	}
}

var newUserCases = []testCase{
	{"a created user has the address and the languages that were given", func(f *fixture) {
		for name, a := range map[string]store.Address{"alice": verified("Alice@example.com"), "bob": unverified("Bob@example.com"), "carol": {}} {
			n := store.NewUser{ID: uuid.New(), Username: name, Folded: name, CreatedAt: noon, Email: a, Locale: "fr-CA,fr"}
			u, err := f.store.CreateUser(f.ctx, n, event(store.ActionUserCreated, noon))
			f.ok("create", err)
			equal(f, "address", u.Email, a.Text)
			equal(f, "verified", u.EmailVerified(), a.Verified)
			equal(f, "languages", u.Locale, "fr-CA,fr")
			got, err := f.store.User(f.ctx, n.Folded)
			f.ok("read", err)
			equal(f, "user", got, u)
			page, _, err := f.store.Users(f.ctx, store.UserPage{Limit: 10, Search: n.Folded})
			f.ok("list", err)
			equal(f, "listed", page[0].User, u)
			adm, err := f.store.BeginLogin(f.ctx, attempt(n.Folded, "192.0.2.1", noon))
			f.ok("begin login", err)
			equal(f, "admitted", adm.Credentials.User, u)
		}
		f.owns("alice@example.com", "alice")
		f.owns("bob@example.com", "")
	}},
	{"a verified address of another user is refused, and a taken name comes first", func(f *fixture) {
		f.verified("alice", "alice@example.com")
		n := store.NewUser{ID: uuid.New(), Username: "bob", Folded: "bob", CreatedAt: noon, Email: verified("ALICE@example.com")}
		f.writes("create", func() {
			_, err := f.store.CreateUser(f.ctx, n, event(store.ActionUserCreated, noon))
			f.is("taken address", err, store.ErrConflict)
			f.is("taken address", err, store.ErrEmailTaken)
			n.Folded = "alice"
			_, err = f.store.CreateUser(f.ctx, n, event(store.ActionUserCreated, noon))
			f.is("both", err, store.ErrConflict)
			if strings.Contains(err.Error(), store.ErrEmailTaken.Error()) {
				f.Errorf("a taken name is reported as %v", err)
			}
		})
	}},
	{"a new user is mailed a link, and the owner of a taken address a warning instead", func(f *fixture) {
		owner := f.verified("owner", "taken@example.com")
		free, taken := newReader("alice", "Alice@example.com"), newReader("mallory", "Taken@example.com")
		for _, n := range []store.NewUser{free, taken} {
			e := about(event(store.ActionUserCreated, noon), n.ID, uuid.Nil)
			f.writes("create", func() {
				u, err := f.store.CreateUser(f.ctx, n, e)
				f.ok("create", err)
				equal(f, "address", u.Email, n.Email.Text)
				equal(f, "verified", u.EmailVerified(), false)
			}, e)
		}
		mails := f.outbox()
		equal(f, "mails", len(mails), 2)
		for _, m := range mails {
			switch m.ID {
			case free.Verification.Mail.ID:
				equal(f, "kind, recipient, token, language", []string{string(m.Kind), m.Recipient, m.TokenHash, m.Locale}, []string{"verify", "Alice@example.com", hashOf("alice"), "es"})
				equal(f, "user", m.UserID, free.ID)
			case taken.Verification.Mail.ID:
				equal(f, "kind, recipient, token, name", []string{string(m.Kind), m.Recipient, m.TokenHash, m.Username}, []string{"address_in_use", "taken@example.com", "", "owner"})
				equal(f, "user", m.UserID, owner.ID)
			default:
				f.Errorf("got %+v", m)
			}
		}
		v, err := f.store.VerifyEmail(f.ctx, hashOf("alice"), nil, event(store.ActionEmailVerified, noon))
		f.ok("verify", err)
		equal(f, "outcome", v.Outcome, store.Verified)
		f.owns("alice@example.com", "alice")
	}},
	{"a new user is added whatever the limits say, and a refused one is mailed nothing", func(f *fixture) {
		f.link(f.reader("bob"), noon)
		n := newReader("alice", "alice@example.com")
		n.Verification.Limits = store.MailLimits{Since: noon, All: 1}
		u, err := f.store.CreateUser(f.ctx, n, event(store.ActionUserCreated, noon))
		f.ok("create", err)
		equal(f, "address", u.Email, "alice@example.com")
		n.ID, n.Verification.Limits = uuid.New(), store.MailLimits{}
		_, err = f.store.CreateUser(f.ctx, n, event(store.ActionUserCreated, noon))
		f.is("create again", err, store.ErrConflict)
		equal(f, "mails", len(f.outbox()), 1)
		equal(f, "tokens", f.count("mail_tokens"), 1)
	}},
}
