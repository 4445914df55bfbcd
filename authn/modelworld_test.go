package authn

import (
	"slices"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/authctl/authctl/store"
)

// world is a small model of sessions. Random sequences of operations run on the service and on
// the model, and the results must agree.
type world struct {
	f        *fixture
	node     *fixture   // another process, which hears of everything
	resumed  *time.Time // the end of the latest outage; the runs share it
	users    []*modelUser
	sessions []*modelSession
	links    []*modelLink
	seen     map[uuid.UUID]bool // mails
}

type modelUser struct {
	name     string
	id       [16]byte
	password string
	email    string // verified; "" for none
	pending  string // not verified; "" for none
	disabled bool
	rights   store.Rights
}

type modelSession struct {
	user     *modelUser
	tokens   []modelToken // every refresh token, oldest first; the last one is current
	lost     []modelToken // by failovers
	kept     int          // replaced tokens that the row remembers
	access   []Grant      // every access token
	absolute time.Time
	expires  time.Time
	gone     bool // the row is deleted
	behind   bool // its generation is behind
}

type modelToken struct {
	secret   string
	step     int
	replaced time.Time
}

func (s *modelSession) current() *modelToken { return &s.tokens[len(s.tokens)-1] }

func (s *modelSession) alive(now time.Time) bool {
	return !s.gone && !s.behind && !s.user.disabled && now.Before(s.expires)
}

// waited returns how much of the retry window of a replaced token has passed. The window starts
// again when the service resumes.
func (w *world) waited(token modelToken, now time.Time) time.Duration {
	since := now.Sub(token.replaced)
	if since <= time.Hour && w.resumed.After(token.replaced) {
		return now.Sub(*w.resumed)
	}
	return since
}

// refresh returns the expected result of presenting a token of s.
func (w *world) refresh(s *modelSession, token modelToken, now time.Time) (Code, store.Outcome) {
	i := slices.Index(s.tokens, token) // not one that is lost
	switch last := len(s.tokens) - 1; {
	case s.gone:
		return CodeUnauthenticated, store.Unknown
	case s.user.disabled:
		s.gone = true
		return CodeSessionRevoked, store.Disabled
	case s.behind:
		s.gone = true
		return CodeSessionRevoked, store.Revoked
	case !now.Before(s.expires):
		return CodeSessionExpired, store.Expired
	case i == last:
		return "", store.Rotated
	case i >= last-s.kept && w.waited(token, now) <= w.f.retry:
		return "", store.Retried
	case i < 0 && token.step >= s.current().step:
		s.gone = true
		return CodeSessionRevoked, store.Lost
	default:
		s.gone = true
		return CodeSessionReused, store.Reused
	}
}

// rotate adds the tokens of a rotation to the model.
func (w *world) rotate(s *modelSession, g Grant, now time.Time) {
	reach := 2 * time.Minute
	if now.Sub(*w.resumed) <= reach {
		reach = time.Hour
	}
	remembers := len(s.tokens) > 1 && now.Sub(s.tokens[len(s.tokens)-2].replaced) <= reach
	if s.kept = min(s.kept+1, 8); !remembers {
		s.kept = 1
	}
	s.current().replaced = now
	s.tokens = append(s.tokens, modelToken{secret: g.RefreshToken, step: s.current().step + 1})
	if s.expires = now.Add(w.f.refresh); s.absolute.Before(s.expires) {
		s.expires = s.absolute
	}
}

// profile returns the expected result of presenting an access token.
func (s *modelSession) profile(g Grant, now time.Time) Code {
	switch {
	case !now.Before(g.AccessExpiresAt):
		return CodeTokenExpired
	case s.gone || s.behind || s.user.disabled:
		return CodeSessionRevoked
	case g.User.Rights != s.user.rights:
		return CodeTokenExpired
	default:
		return ""
	}
}

// checkRights compares the rights that came with tokens with those of the model.
func (u *modelUser) checkRights(t *rapid.T, g Grant) {
	if g.User.Rights != u.rights {
		t.Fatalf("tokens of %s have the rights %+v, want %+v", u.name, g.User.Rights, u.rights)
	}
}

func (w *world) start(u *modelUser, g Grant, now time.Time) {
	w.sessions = append(w.sessions, &modelSession{user: u, tokens: []modelToken{{secret: g.RefreshToken, step: int(now.Unix())}}, access: []Grant{g},
		expires: now.Add(w.f.refresh), absolute: now.Add(w.f.maxAge)})
}

func (w *world) end(covers func(*modelSession) bool) {
	for _, s := range w.sessions {
		s.behind = s.behind || covers(s)
	}
}

// endUser ends the sessions and the links of a user.
func (w *world) endUser(u *modelUser) {
	w.end(func(s *modelSession) bool { return s.user == u })
	for _, l := range w.links {
		l.behind = l.behind || l.user == u
	}
}

// endAll ends the sessions and the links of everybody.
func (w *world) endAll() {
	for _, u := range w.users {
		w.endUser(u)
	}
}

func (w *world) anyUser(t *rapid.T) *modelUser { return rapid.SampledFrom(w.users).Draw(t, "user") }

func (w *world) anySession(t *rapid.T) *modelSession {
	if len(w.sessions) == 0 {
		t.Skip("nobody has signed in")
	}
	return rapid.SampledFrom(w.sessions).Draw(t, "session")
}

func check(t *rapid.T, what string, err error, want Code) {
	var got Code
	if err != nil {
		got = CodeOf(err)
	}
	if got != want {
		t.Fatalf("%s: got %q (%v), want %q", what, got, err, want)
	}
}
