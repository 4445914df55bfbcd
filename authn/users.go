package authn

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// User returns the user that an operator names by id, by verified address, or by username, in any
// spelling that folds to it. It fails with [CodeUserNotFound].
//
// Only the canonical text of a UUID (RFC 9562, section 4) counts as an id. Ids and verified addresses
// take precedence because nobody can choose those of another: a person who registers another user's
// id or address as username must not be taken for that user. Such a person is found by their own id.
func (s *Service) User(ctx context.Context, nameOrID string) (store.User, error) {
	user, err := s.userByKey(ctx, nameOrID)
	if errors.Is(err, store.ErrNotFound) {
		return s.userByName(ctx, nameOrID)
	}
	if err != nil {
		return store.User{}, fail(err)
	}
	return user, nil
}

// userByKey returns the user with the text as id or verified address. [store.ErrNotFound] when there
// is none.
func (s *Service) userByKey(ctx context.Context, text string) (store.User, error) {
	if id, ok := parseUserID(text); ok {
		return s.store.UserByID(ctx, id)
	}
	if email, err := ParseEmail(text); err == nil {
		return s.store.UserByEmail(ctx, email.Folded)
	}
	return store.User{}, store.ErrNotFound
}

// Namesake returns the user whose username is the text, if [Service.User] took the text for the id
// or the address of another user. It reports false when there is none.
func (s *Service) Namesake(ctx context.Context, nameOrID string, found store.User) (store.User, bool, error) {
	if _, ok := parseUserID(nameOrID); !ok && !strings.Contains(nameOrID, "@") {
		return store.User{}, false, nil
	}
	other, err := s.userByName(ctx, nameOrID)
	if err != nil && CodeOf(err) == CodeUserNotFound {
		return store.User{}, false, nil
	}
	return other, err == nil && other.ID != found.ID, err
}

// parseUserID parses the text of a UUID with its four dashes, in either case.
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

// Users reads one page of all users, ordered by folded name, and returns those that p selects, with
// a description of their passwords. next is the name to continue after, "" when none is left.
// p.Search and p.After are folded first. It fails with [CodeInvalidRequest] when p.Roles holds what
// is no role.
func (s *Service) Users(ctx context.Context, p store.UserPage) (users []Listed, next string, err error) {
	if err := checkRoles(p.Roles); err != nil {
		return nil, "", err
	}
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
	hash, warning, err := s.newHash(ctx, password, namesOf(user.Folded, user.Email))
	if err != nil {
		return Registered{}, err
	}
	user, err = s.change(ctx, a, user, store.ActionPasswordChanged,
		func(ctx context.Context, id uuid.UUID, e store.Event) (store.User, error) {
			return s.store.SetPassword(ctx, id, hash, s.notice(store.MailPasswordChanged, "", e.At), e)
		})
	return Registered{User: user, Warning: warning}, err
}

// RenameUser gives a user another name, and ends the user's sessions, because access tokens carry the
// name. It accepts reserved names, and released ones at once. It fails with [CodeUserNotFound],
// [CodeUsernameTaken], and [CodeInvalidUsername]; while e-mail is on, also for a name with an @ that is
// not the user's address. It fails with [CodeInvalidRequest] when the user's roles and claims leave no
// room for the name in an access token.
func (s *Service) RenameUser(ctx context.Context, a Actor, nameOrID, newName string) (store.User, error) {
	folded, err := foldUsername(newName)
	if err != nil {
		return store.User{}, err
	}
	user, err := s.User(ctx, nameOrID)
	if err != nil {
		return store.User{}, err
	}
	if strings.Contains(newName, "@") && s.EmailOn() {
		address := store.Address{Text: user.Email, Folded: strings.ToLower(user.Email)}
		if err := ownAddress(newName, &address); err != nil || user.Email == "" {
			return store.User{}, refuse(CodeInvalidUsername, "a username with an @ must be the e-mail address of the account")
		}
	}
	if err := s.fitsToken(holder{username: newName}, user.Rights); err != nil {
		return store.User{}, err
	}
	return s.change(ctx, a, user, store.ActionUserRenamed,
		func(ctx context.Context, id uuid.UUID, e store.Event) (store.User, error) {
			renamed, err := s.store.RenameUser(ctx, id, newName, folded, e)
			if errors.Is(err, store.ErrConflict) {
				return store.User{}, refuse(CodeUsernameTaken, "that username is taken, choose another one")
			}
			return renamed, err
		})
}

// DisableUser prevents a user from signing in and ends the user's sessions. It fails with
// [CodeUserNotFound].
func (s *Service) DisableUser(ctx context.Context, a Actor, nameOrID string) (store.User, error) {
	user, err := s.User(ctx, nameOrID)
	if err != nil {
		return store.User{}, err
	}
	return s.change(ctx, a, user, store.ActionUserDisabled, s.store.DisableUser)
}

// EnableUser lets a disabled user sign in again. It does not restore sessions. It fails with
// [CodeUserNotFound].
func (s *Service) EnableUser(ctx context.Context, a Actor, nameOrID string) (store.User, error) {
	user, err := s.User(ctx, nameOrID)
	if err != nil {
		return store.User{}, err
	}
	return s.change(ctx, a, user, store.ActionUserEnabled, s.store.EnableUser)
}

// Deleted is the result of [Service.DeleteUser].
type Deleted struct {
	User       store.User // the deleted user
	NameFreeAt time.Time  // when the public may register the name; zero for at once
}

// DeleteUser removes a user and all sessions of the user. It fails with [CodeUserNotFound].
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
			return user, s.store.DeleteUser(ctx, id, store.Deletion{Notice: s.notice(store.MailAccountDeleted, "", e.At)}, e)
		})
	return Deleted{User: user, NameFreeAt: free}, err
}

// change carries out one change of an account with its audit event. A user who was deleted since
// the query is not found.
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
