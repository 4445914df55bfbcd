package authn

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// User returns the user with this name, in any spelling that folds to it, or
// fails with [CodeUserNotFound].
func (s *Service) User(ctx context.Context, username string) (store.User, error) {
	folded, err := foldUsername(username)
	if err != nil {
		return store.User{}, notFound(username)
	}
	user, err := s.store.User(ctx, folded)
	if errors.Is(err, store.ErrNotFound) {
		return store.User{}, notFound(username)
	}
	if err != nil {
		return store.User{}, fail(err)
	}
	return user, nil
}

// Users looks at one page of all users in the order of their folded names, and returns
// those whom p selects, and the name to go on after, "" when none is left. p.Search and
// p.After are folded first.
func (s *Service) Users(ctx context.Context, p store.UserPage) (users []store.User, next string, err error) {
	p.Search, p.After = foldPart(p.Search), foldPart(p.After)
	if users, next, err = s.store.Users(ctx, p); err != nil {
		return nil, "", fail(err)
	}
	return users, next, nil
}

// SetPassword replaces a user's password and ends the user's sessions. It fails
// with [CodeUserNotFound] or [CodeWeakPassword].
func (s *Service) SetPassword(ctx context.Context, a Actor, username, password string) (Registered, error) {
	user, err := s.User(ctx, username)
	if err != nil {
		return Registered{}, err
	}
	hash, warning, err := s.newHash(ctx, password, user.Folded)
	if err != nil {
		return Registered{}, err
	}
	user, err = s.change(ctx, a, user, store.ActionPasswordChanged,
		func(ctx context.Context, id uuid.UUID, e store.Event) (store.User, error) {
			return s.store.SetPassword(ctx, id, hash, e)
		})
	return Registered{User: user, Warning: warning}, err
}

// DisableUser bars a user from signing in and ends the user's sessions. It fails
// with [CodeUserNotFound].
func (s *Service) DisableUser(ctx context.Context, a Actor, username string) (store.User, error) {
	user, err := s.User(ctx, username)
	if err != nil {
		return store.User{}, err
	}
	return s.change(ctx, a, user, store.ActionUserDisabled, s.store.DisableUser)
}

// EnableUser lets a disabled user sign in again; it revives no session. It fails
// with [CodeUserNotFound].
func (s *Service) EnableUser(ctx context.Context, a Actor, username string) (store.User, error) {
	user, err := s.User(ctx, username)
	if err != nil {
		return store.User{}, err
	}
	return s.change(ctx, a, user, store.ActionUserEnabled, s.store.EnableUser)
}

// Deleted is the outcome of [Service.DeleteUser].
type Deleted struct {
	User       store.User // who it was
	NameFreeAt time.Time  // when a stranger may register the name; zero for at once
}

// DeleteUser removes a user with every session. It fails with [CodeUserNotFound].
func (s *Service) DeleteUser(ctx context.Context, a Actor, username string) (Deleted, error) {
	user, err := s.User(ctx, username)
	if err != nil {
		return Deleted{}, err
	}
	var free time.Time
	user, err = s.change(ctx, a, user, store.ActionUserDeleted,
		func(ctx context.Context, id uuid.UUID, e store.Event) (store.User, error) {
			if quarantine := s.rules.Load().free; quarantine > 0 {
				free = e.At.Add(quarantine)
			}
			return user, s.store.DeleteUser(ctx, id, e)
		})
	return Deleted{User: user, NameFreeAt: free}, err
}

// change carries out one change of an account under its audit event. A user who
// went away since the look-up is not found.
func (s *Service) change(ctx context.Context, a Actor, user store.User, action store.Action,
	do func(context.Context, uuid.UUID, store.Event) (store.User, error)) (store.User, error) {
	e := a.event(action, s.now())
	e.UserID = user.ID
	changed, err := do(ctx, user.ID, e)
	if errors.Is(err, store.ErrNotFound) {
		return store.User{}, notFound(user.Username)
	}
	if err != nil {
		return store.User{}, fail(err)
	}
	s.catchUp(ctx)
	return changed, nil
}
