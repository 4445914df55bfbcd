package authn

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const maxLogoutTokens = 8 // max tokens of each kind in one request

// Logout ends the session of every given token: of any refresh token that the session ever had, and
// of correctly signed access tokens, even expired ones. A request may carry several when a cookie
// was planted beside the true one; then all their sessions end. It succeeds when there is nothing
// to end.
//
// If the database takes no writes, Logout fails and remembers the sessions. This process then
// refuses their tokens immediately, and ends them when the database is back. The error says so, or
// that there are too many to remember.
func (s *Service) Logout(ctx context.Context, a Actor, refresh, access []string) error {
	now := s.now()
	var ids, proven []uuid.UUID // proven ids come from a signed token
	for _, token := range refresh[:min(len(refresh), maxLogoutTokens)] {
		if t, ok := parseRefreshToken(token); ok {
			ids = append(ids, t.sessionID())
		}
	}
	for _, token := range access[:min(len(access), maxLogoutTokens)] {
		if id, ok := s.sessionOf(token, now); ok {
			ids = append(ids, id)
			proven = append(proven, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	ids = slices.Compact(ids)
	e := a.event(store.ActionLogout, now)
	e.Actor = "session:" + ids[0].String()
	ended, err := s.store.EndSessionsByID(ctx, ids, e)
	if err != nil {
		return s.logoutLater(ids, proven, e, err)
	}
	if ended == 0 { // nobody may fill the memory with invented sessions
		return nil
	}
	for _, id := range ids {
		s.Cluster.feed.add(store.Revocation{At: now, SessionID: id})
	}
	return nil
}

// logoutLater remembers the sessions of a logout that the database refused because of cause. The
// error's message is for the user; its cause, with the ids, is for the log.
func (s *Service) logoutLater(ids, proven []uuid.UUID, e store.Event, cause error) error {
	leftOut := s.Cluster.pending.remember(ids, func(id uuid.UUID) bool { return slices.Contains(proven, id) }, e)
	for _, id := range ids {
		if s.Cluster.pending.has(id) {
			s.Cluster.feed.add(store.Revocation{At: e.At, SessionID: id})
		}
	}
	said := *fail(cause).(*Error)
	said.Message = "the session is not ended yet; it ends as soon as the database answers again"
	what := "to be ended later"
	if leftOut > 0 {
		said.Message = "the session was not ended: the database does not answer, and too many other logouts wait for it; the session ends when it expires, or when an operator ends it"
		what = fmt.Sprintf("%d of them not queued, end them with authctl token revoke", leftOut)
	}
	said.Err = fmt.Errorf("end sessions %v (%s): %w", ids, what, cause)
	return &said
}

// IsRefreshToken reports whether a token has the form of a refresh token. Nothing tells whether its
// session exists.
func (s *Service) IsRefreshToken(token string) bool {
	_, ok := parseRefreshToken(token)
	return ok
}

// Authentic returns nil for a correctly signed access token of a user that has not expired, whatever
// the state of its session. It does not query the database. It fails with [CodeUnauthenticated],
// [CodeTokenExpired], [CodeNotAUser], or [CodeUnavailable] while this process cannot verify it.
func (s *Service) Authentic(access string) error {
	c, err := s.access.verify(access, s.now())
	if err == nil && c.client != "" {
		return errClientEndsNothing
	}
	return err
}

var errClientEndsNothing = refuse(CodeNotAUser, "the token in the Authorization header is that of a service account, which has no session to end; authctl client disable ends its tokens")

// sessionOf returns the session of a correctly signed access token, even an expired one.
func (s *Service) sessionOf(access string, now time.Time) (uuid.UUID, bool) {
	c, err := s.access.verify(access, now)
	return c.sessionID, (err == nil || CodeOf(err) == CodeTokenExpired) && c.client == ""
}

// SameSession reports whether a refresh token and a correctly signed access token, even an expired
// one, belong to the same session. It does not query the database.
func (s *Service) SameSession(refresh, access string) bool {
	t, ok := parseRefreshToken(refresh)
	if !ok {
		return false
	}
	id, ok := s.sessionOf(access, s.now())
	return ok && id == t.sessionID()
}
