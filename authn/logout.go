package authn

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const maxLogoutTokens = 8 // tokens of each kind that one request may carry

// Logout ends the session of every token given: of refresh tokens, any that the
// session ever had, and of correctly signed access tokens, even expired ones. A
// request may carry several, where a cookie was planted beside the true one, and
// then all end. It succeeds when there is nothing to end.
func (s *Service) Logout(ctx context.Context, a Actor, refresh, access []string) error {
	now := s.now()
	var ids []uuid.UUID
	for _, token := range refresh[:min(len(refresh), maxLogoutTokens)] {
		if t, ok := parseRefreshToken(token); ok {
			ids = append(ids, t.sessionID())
		}
	}
	for _, token := range access[:min(len(access), maxLogoutTokens)] {
		if id, ok := s.sessionOf(token, now); ok {
			ids = append(ids, id)
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
		return fail(err)
	}
	if ended == 0 { // or anybody could fill the memory with sessions that never were
		return nil
	}
	for _, id := range ids {
		s.feed.add(store.Revocation{At: now, SessionID: id})
	}
	return nil
}

// sessionOf returns the session of a correctly signed access token, even an expired one.
func (s *Service) sessionOf(access string, now time.Time) (uuid.UUID, bool) {
	c, err := s.access.verify(access, now)
	return c.sessionID, err == nil || CodeOf(err) == CodeTokenExpired
}

// SameSession reports whether a refresh token and a correctly signed access token, even an
// expired one, are of the same session. It asks no database.
func (s *Service) SameSession(refresh, access string) bool {
	t, ok := parseRefreshToken(refresh)
	if !ok {
		return false
	}
	id, ok := s.sessionOf(access, s.now())
	return ok && id == t.sessionID()
}
