package authn

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/authctl/authctl/store"
)

// modelLink is a link that was mailed.
type modelLink struct {
	user    *modelUser
	kind    store.MailKind
	token   string
	email   string // that it verifies
	expires time.Time
	behind  bool // what it was issued under has changed
	used    bool
	gone    bool // its row is deleted
}

func (l *modelLink) good(now time.Time) bool {
	return !l.gone && !l.used && !l.behind && !l.user.disabled && now.Before(l.expires)
}

// dropLinks deletes the links of a user.
func (w *world) dropLinks(u *modelUser) {
	for _, l := range w.links {
		l.gone = l.gone || l.user == u
	}
}

// owner returns the user who has verified an address, nil for none.
func (w *world) owner(email string) *modelUser {
	for _, u := range w.users {
		if u.email == email {
			return u
		}
	}
	return nil
}

func (w *world) anyLink(t *rapid.T, kind store.MailKind) *modelLink {
	var all []*modelLink
	for _, l := range w.links {
		if l.kind == kind {
			all = append(all, l)
		}
	}
	if len(all) == 0 {
		t.Skip("no such link was mailed")
	}
	return rapid.SampledFrom(all).Draw(t, "link")
}

// takeMail adds the newest mail as a link, if it is one of this kind to this address that was not
// there before.
func (w *world) takeMail(t *rapid.T, u *modelUser, kind store.MailKind, to string) {
	m := w.newMail(t, u, kind, to)
	token, err := w.f.MailToken(m)
	if err != nil {
		t.Fatalf("token: %v", err)
	}
	l := &modelLink{user: u, kind: kind, token: token, expires: m.TokenUntil}
	if kind == store.MailVerify {
		l.email = to
	}
	w.addLink(l)
}

// addLink adds a link. Time goes on, so that the next one is newer.
func (w *world) addLink(l *modelLink) {
	w.links = append(w.links, l)
	w.f.advance(time.Microsecond)
}

// newMail returns the one mail of a kind to a user that was not there before.
func (w *world) newMail(t *rapid.T, u *modelUser, kind store.MailKind, to string) (mail store.Mail) {
	page, _, err := w.f.store.Mails(w.f.ctx, store.MailPage{Limit: 40})
	check(t, "mails", err, "")
	found := 0
	for _, m := range page {
		if w.seen[m.ID] || m.Kind != kind || m.Recipient != to || uuid.UUID(u.id) != m.UserID {
			continue
		}
		w.seen[m.ID] = true
		mail = m
		found++
	}
	if found != 1 {
		t.Fatalf("%d new mails of the kind %s to %s", found, kind, to)
	}
	return mail
}

// signedIn returns a session and a verified access token of it. It skips the action when the token
// is not good.
func (w *world) signedIn(t *rapid.T) (*modelSession, Identity) {
	s := w.anySession(t)
	g := rapid.SampledFrom(s.access).Draw(t, "access token")
	check(t, "sync", w.f.Cluster.Sync(w.f.ctx), "")
	who, err := w.f.Verify(g.AccessToken)
	check(t, "verify", err, s.profile(g, w.f.now()))
	if err != nil {
		t.Skip("its access token is not good")
	}
	return s, who
}

func (w *world) anyPassword(t *rapid.T) string {
	return fmt.Sprintf("another long walk %d", rapid.IntRange(0, 9).Draw(t, "n"))
}

// currentPassword returns the password of a user or another, and the code that it comes to.
func (w *world) currentPassword(t *rapid.T, u *modelUser) (string, Code) {
	if rapid.IntRange(0, 3).Draw(t, "right") == 0 {
		return u.password + "!", CodeInvalidCredentials
	}
	return u.password, ""
}

// mailActions are what owners do about passwords and addresses.
func (w *world) mailActions(run int64) map[string]func(*rapid.T) {
	f := w.f
	return map[string]func(*rapid.T){
		"change password": func(t *rapid.T) {
			s, who := w.signedIn(t)
			current, want := w.currentPassword(t, s.user)
			presented := rapid.SampledFrom(s.tokens).Draw(t, "refresh token")
			next, now := w.anyPassword(t), f.now()
			g, err := f.ChangePassword(f.ctx, visitor, who, []string{presented.secret}, current, next)
			check(t, "change password", err, want)
			if want != "" {
				return
			}
			s.user.password = next
			w.end(func(other *modelSession) bool { return other.user == s.user && other != s })
			w.dropLinks(s.user)
			s.current().replaced = now
			s.tokens = append(s.tokens, modelToken{secret: g.RefreshToken, step: max(s.current().step+1, int(now.Unix()))})
			s.kept = 0 // no way leads from the tokens before to the new one
			if s.expires = now.Add(f.refresh); s.absolute.Before(s.expires) {
				s.expires = s.absolute
			}
			s.access = append(s.access, g)
			s.user.checkRights(t, g)
			if g.SessionID != who.sessionID || !g.RefreshExpiresAt.Equal(s.expires) {
				t.Fatalf("change password: got %+v, want expiry %s", g, s.expires)
			}
		},
		"forgot": func(t *rapid.T) {
			f.advance(time.Microsecond) // so that its mail is the newest of all runs
			u := w.anyUser(t)
			identifier := u.name
			if u.email != "" && rapid.Bool().Draw(t, "by address") {
				identifier = u.email
			}
			check(t, "forgot", f.ForgotPassword(f.ctx, visitor, identifier, "de"), "")
			if u.email != "" && !u.disabled {
				w.takeMail(t, u, store.MailReset, u.email)
			}
		},
		"reset": func(t *rapid.T) {
			l := w.anyLink(t, store.MailReset)
			next, want := w.anyPassword(t), CodeInvalidLink
			if l.good(f.now()) {
				want = ""
			}
			_, err := f.ResetPassword(f.ctx, visitor, l.token, next)
			check(t, "reset", err, want)
			if want == "" {
				l.user.password = next
				w.end(func(s *modelSession) bool { return s.user == l.user })
				w.dropLinks(l.user)
			}
		},
		"change address": func(t *rapid.T) {
			f.advance(time.Microsecond)
			s, who := w.signedIn(t)
			email := fmt.Sprintf("run-%d-%d@example.com", run, rapid.IntRange(0, 2).Draw(t, "address"))
			current, want := w.currentPassword(t, s.user)
			check(t, "change address", f.ChangeEmail(f.ctx, visitor, who, email, current, "de"), want)
			if want == "" {
				w.verification(t, s.user, email)
			}
		},
		"verify address": func(t *rapid.T) {
			l := w.anyLink(t, store.MailVerify)
			owner := w.owner(l.email)
			want, outcome := CodeInvalidLink, store.VerifyDead
			switch {
			case l.good(f.now()) && owner != nil && owner != l.user:
				want = CodeEmailTaken
			case l.good(f.now()):
				want, outcome = "", store.Verified
			case l.used && !l.gone && owner == l.user:
				want, outcome = "", store.VerifiedAlready
			}
			v, err := f.VerifyEmail(f.ctx, visitor, l.token)
			check(t, "verify address", err, want)
			if want == "" && v.Outcome != outcome {
				t.Fatalf("verify address: got %+v, want %d", v, outcome)
			}
			if outcome != store.Verified {
				return
			}
			w.verify(l)
			again := rapid.SampledFrom(w.links).Draw(t, "link that is opened next")
			if again.used && !again.gone && again.user == l.user && again.email == l.email {
				v, err := f.VerifyEmail(f.ctx, visitor, again.token)
				check(t, "verify address again", err, "")
				if v.Outcome != store.VerifiedAlready {
					t.Fatalf("verify address again: got %+v", v)
				}
			}
		},
		"sign in by address": func(t *rapid.T) {
			u := w.anyUser(t)
			if u.email == "" || u.disabled {
				t.Skip("it has none, or is disabled")
			}
			now := f.now()
			g, err := f.Login(f.ctx, visitor, Account{Username: u.email, Password: u.password}, "")
			check(t, "sign in by address", err, "")
			w.start(u, g, now)
		},
	}
}

// verify carries out what a good link for an address does.
func (w *world) verify(l *modelLink) {
	replaced := l.user.email != "" && l.user.email != l.email
	l.user.email, l.user.pending = l.email, ""
	for _, other := range w.links {
		switch {
		case other.user != l.user:
		case other.kind == store.MailVerify && other.email == l.email:
			other.used = true
		case other.kind == store.MailVerify, replaced:
			other.gone = true
		}
	}
}

// mailOnly are the actions of a run that is mostly about links.
func mailOnly() []string {
	return slices.Concat([]string{"login", "revoke user", "revoke everyone", "disable", "enable", "set password", "refresh", "end all others", "wait a little", "wait"},
		[]string{"change password", "forgot", "reset", "change address", "verify address", "sign in by address"},
		[]string{"check", "move", "resend", "set address", "hand out a link", "rename", "delete"})
}
