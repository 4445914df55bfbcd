package authn

import (
	"context"
	"errors"

	"github.com/authctl/authctl/store"
)

// Profile returns the user of an identity. It fails with [CodeSessionRevoked] when the account was
// deleted or disabled meanwhile. It queries only the user.
func (s *Service) Profile(ctx context.Context, who Identity) (store.User, error) {
	user, err := s.store.UserByID(ctx, who.userID)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && user.Disabled():
		return store.User{}, errRevoked
	case err != nil:
		return store.User{}, fail(err)
	}
	return user, nil
}
