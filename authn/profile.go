package authn

import (
	"context"
	"errors"

	"github.com/authctl/authctl/store"
)

// Profile returns the user that who is. It fails with [CodeSessionRevoked] when the
// account was deleted or disabled meanwhile; the database is asked for the user alone.
func (s *Service) Profile(ctx context.Context, who Identity) (store.User, error) {
	user, err := s.store.UserByID(ctx, who.UserID)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && user.Disabled():
		return store.User{}, errRevoked
	case err != nil:
		return store.User{}, fail(err)
	}
	return user, nil
}
