package authn

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// User returns the user whom an operator names: the one with this id, or else the one with
// this username, in any spelling that folds to it. It fails with [CodeUserNotFound].
//
// Only the canonical text of a UUID (RFC 9562, section 4) counts as an id. The id comes first
// because nobody can choose it: a stranger who registers somebody's id as a username must not
// be taken for that user. Such a stranger is found by their own id.
func (s *Service) User(ctx context.Context, nameOrID string) (store.User, error) {
	id, ok := parseUserID(nameOrID)
	if !ok {
		return s.userByName(ctx, nameOrID)
	}
	user, err := s.store.UserByID(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return s.userByName(ctx, nameOrID)
	}
	if err != nil {
		return store.User{}, fail(err)
	}
	return user, nil
}

// Namesake returns the user whom [Service.User] passes over because the text is the id of
// another one. It reports false when there is none.
func (s *Service) Namesake(ctx context.Context, nameOrID string, found store.User) (store.User, bool, error) {
	if _, ok := parseUserID(nameOrID); !ok {
		return store.User{}, false, nil
	}
	other, err := s.userByName(ctx, nameOrID)
	if err != nil && CodeOf(err) == CodeUserNotFound {
		return store.User{}, false, nil
	}
	return other, err == nil && other.ID != found.ID, err
}

// parseUserID reads the text of a UUID with its four dashes, in either case.
func parseUserID(text string) (uuid.UUID, bool) {
	id, err := uuid.Parse(text)
	return id, err == nil && len(text) == len(id.String())
}

func (s *Service) userByName(ctx context.Context, username string) (store.User, error) {
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
// those whom p selects, with what may be told of their passwords, and the name to go on after, "" when none is left. p.Search and
// p.After are folded first.
func (s *Service) Users(ctx context.Context, p store.UserPage) (users []Listed, next string, err error) {
	p.Search, p.After = foldPart(p.Search), foldPart(p.After)
	page, next, err := s.store.Users(ctx, p)
	if err != nil {
		return nil, "", fail(err)
	}
	for _, c := range page {
		users = append(users, listed(c))
	}
	return users, next, nil
}

// SetPassword replaces a user's password and ends the user's sessions. It fails
// with [CodeUserNotFound] or [CodeWeakPassword].
func (s *Service) SetPassword(ctx context.Context, a Actor, nameOrID, password string) (Registered, error) {
	user, err := s.User(ctx, nameOrID)
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
func (s *Service) DisableUser(ctx context.Context, a Actor, nameOrID string) (store.User, error) {
	user, err := s.User(ctx, nameOrID)
	if err != nil {
		return store.User{}, err
	}
	return s.change(ctx, a, user, store.ActionUserDisabled, s.store.DisableUser)
}

// EnableUser lets a disabled user sign in again; it revives no session. It fails
// with [CodeUserNotFound].
func (s *Service) EnableUser(ctx context.Context, a Actor, nameOrID string) (store.User, error) {
	user, err := s.User(ctx, nameOrID)
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
func (s *Service) DeleteUser(ctx context.Context, a Actor, nameOrID string) (Deleted, error) {
	user, err := s.User(ctx, nameOrID)
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
	s.Cluster.catchUp(ctx)
	return changed, nil
}
