package authn

import (
	"context"
	"errors"

	"github.com/authctl/authctl/store"
)

// Profile returns the user that an access token speaks for. It fails with
// [CodeUnauthenticated], [CodeTokenExpired], or [CodeSessionRevoked] when the
// token's session has ended, its generation is behind, or the user is disabled.
func (s *Service) Profile(ctx context.Context, access string) (store.User, error) {
	claims, err := s.access.verify(access, s.now())
	if err != nil {
		return store.User{}, err
	}
	current, err := s.store.Access(ctx, claims.userID, claims.sessionID)
	if errors.Is(err, store.ErrNotFound) {
		return store.User{}, refusal(store.Revoked)
	}
	if err != nil {
		return store.User{}, fail(err)
	}
	if !current.SessionExists || current.User.Disabled() || claims.generation.Behind(current.Generation) {
		return store.User{}, refusal(store.Revoked)
	}
	return current.User, nil
}
