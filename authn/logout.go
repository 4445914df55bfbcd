package authn

import (
	"context"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// Logout ends the session that a refresh token belongs to, any of its tokens,
// or, without a usable one, the session of a correctly signed access token, even
// an expired one. It succeeds when there is nothing to end.
func (s *Service) Logout(ctx context.Context, a Actor, refresh, access string) error {
	now := s.now()
	var id uuid.UUID
	if token, ok := parseRefreshToken(refresh); ok {
		id = token.sessionID()
	} else if claims, err := s.access.verify(access, now); err == nil || CodeOf(err) == CodeTokenExpired {
		id = claims.sessionID
	} else {
		return nil
	}
	e := a.event(store.ActionLogout, now)
	e.Actor = "session:" + id.String()
	if _, err := s.store.EndSession(ctx, id, e); err != nil {
		return fail(err)
	}
	return nil
}
