package authn

import (
	"fmt"
	"slices"

	"pgregory.net/rapid"

	"github.com/authctl/authctl/store"
)

// verification adds the link of a request to verify an address. If another user has verified it, that
// one got a notice instead, and a link exists that nobody was mailed.
func (w *world) verification(t *rapid.T, u *modelUser, email string) {
	if u.email == "" {
		u.pending = email
	}
	owner := w.owner(email)
	if owner == nil || owner == u {
		w.takeMail(t, u, store.MailVerify, email)
		return
	}
	m := w.newMail(t, owner, store.MailAddressInUse, email)
	token := mailToken(w.f.rules.Load().mailKeys[0], m.ID, store.PurposeVerify)
	w.addLink(&modelLink{user: u, kind: store.MailVerify, token: token, email: email, expires: w.f.now().Add(VerifyLife)})
}

// waits returns the address that a user still has to verify, "" for none.
func (w *world) waits(u *modelUser) string {
	for _, l := range slices.Backward(w.links) {
		if l.user == u && l.kind == store.MailVerify && l.good(w.f.now()) {
			return l.email
		}
	}
	return u.pending
}

// checkLinks compares all links and addresses with the database.
func (w *world) checkLinks(t *rapid.T) {
	now := w.f.now()
	for i, l := range w.links {
		found, err := w.f.store.MailToken(w.f.ctx, hashMailToken(l.token), now)
		if good := err == nil; good != l.good(now) {
			t.Fatalf("link %d of %s: is good: %t (%v), want %t: %+v", i, l.user.name, good, err, l.good(now), *l)
		}
		if err == nil && (found.Credentials.User.ID != l.user.id || found.Address != l.email) {
			t.Fatalf("link %d of %s: got %+v", i, l.user.name, found)
		}
	}
	for _, u := range w.users {
		got, err := w.f.store.UserByID(w.f.ctx, u.id)
		check(t, "read user", err, "")
		if want := u.email + u.pending; got.Email != want || got.EmailVerified() != (u.email != "") || got.Username != u.name {
			t.Fatalf("%s: got %+v, want %q and %q", u.name, got, u.email, u.pending)
		}
	}
}

// accountActions are what operators do about names and addresses, and how accounts end.
func (w *world) accountActions(run int64) map[string]func(*rapid.T) {
	f, names := w.f, 0
	return map[string]func(*rapid.T){
		"check": w.checkLinks,
		"resend": func(t *rapid.T) {
			s, who := w.signedIn(t)
			email, want := w.waits(s.user), Code("")
			if email == "" {
				want = CodeInvalidEmail
			}
			check(t, "resend", f.ResendVerification(f.ctx, visitor, who, ""), want)
			if want == "" {
				w.verification(t, s.user, email)
			}
		},
		"move": func(t *rapid.T) { // to another address, while a link to the present one is on its way
			s, who := w.signedIn(t)
			u := s.user
			email := fmt.Sprintf("run-%d-%d@example.com", run, rapid.IntRange(0, 2).Draw(t, "address"))
			if owner := w.owner(email); u.email == "" || owner != nil && owner != u {
				t.Skip("the user has no address, or another has the new one")
			}
			check(t, "forgot", f.ForgotPassword(f.ctx, visitor, u.email, ""), "")
			w.takeMail(t, u, store.MailReset, u.email)
			check(t, "change address", f.ChangeEmail(f.ctx, visitor, who, email, u.password, ""), "")
			w.verification(t, u, email)
			l := w.links[len(w.links)-1]
			_, err := f.VerifyEmail(f.ctx, visitor, l.token)
			check(t, "verify address", err, "")
			w.verify(l)
			w.checkLinks(t)
		},
		"set address": func(t *rapid.T) {
			u := w.anyUser(t)
			email := rapid.SampledFrom([]string{"", fmt.Sprintf("run-%d-0@example.com", run), fmt.Sprintf("run-%d-1@example.com", run)}).Draw(t, "address")
			verified := rapid.Bool().Draw(t, "verified")
			owner := w.owner(email)
			want := Code("")
			if taken := email != "" && owner != nil && owner != u; taken && verified {
				want = CodeEmailTaken
			}
			_, err := f.SetUserEmail(f.ctx, operator, u.name, email, verified)
			check(t, "set address", err, want)
			if want != "" {
				return
			}
			w.dropLinks(u)
			if u.email, u.pending = email, ""; verified || email == "" {
				return
			}
			if u.email, u.pending = "", email; !u.disabled {
				w.verification(t, u, email)
			}
		},
		"hand out a link": func(t *rapid.T) {
			u := w.anyUser(t)
			token, _, expires, err := f.IssueReset(f.ctx, operator, u.name)
			if u.disabled {
				check(t, "hand out a link", err, CodeInvalidRequest)
				return
			}
			check(t, "hand out a link", err, "")
			for _, l := range w.links {
				l.gone = l.gone || l.user == u && l.kind == store.MailReset
			}
			w.addLink(&modelLink{user: u, kind: store.MailReset, token: token, expires: expires})
		},
		"rename": func(t *rapid.T) {
			u := w.anyUser(t)
			names++
			name := fmt.Sprintf("user-%d-again-%d", run, names)
			_, err := f.RenameUser(f.ctx, operator, u.name, name)
			check(t, "rename", err, "")
			u.name = name
			w.endUser(u)
		},
		"delete": func(t *rapid.T) {
			s, who := w.signedIn(t)
			u := s.user
			current, want := w.currentPassword(t, u)
			check(t, "delete", f.DeleteAccount(f.ctx, visitor, who, current), want)
			if want != "" {
				return
			}
			w.dropLinks(u)
			for _, s := range w.sessions {
				s.gone = s.gone || s.user == u
			}
			next := &modelUser{name: u.name, password: goodPassword} // somebody else takes the name
			r, err := f.CreateUser(f.ctx, operator, NewAccount{Account: Account{Username: next.name, Password: next.password}})
			check(t, "create again", err, "")
			next.id = r.User.ID
			w.users[slices.Index(w.users, u)] = next
		},
	}
}
