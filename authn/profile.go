package authn

import (
	"context"
	"errors"

	"github.com/authctl/authctl/store"
)

// Profile returns the user that an access token speaks for. It fails as
// [Service.Verify] does; the database is asked for the user alone.
func (s *Service) Profile(ctx context.Context, access string) (store.User, error) {
	who, err := s.Verify(access)
	if err != nil {
		return store.User{}, err
	}
	user, err := s.store.UserByID(ctx, who.UserID)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && user.Disabled():
		return store.User{}, errRevoked
	case err != nil:
		return store.User{}, fail(err)
	}
	return user, nil
}
