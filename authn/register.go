package authn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// Account is a username and a password as a person typed them.
type Account struct {
	Username string
	Password string
}

// Registered is the result of creating an account or setting a password.
type Registered struct {
	User    store.User
	Warning string // text for a person; "" for none
}

// Register adds an account on its owner's request. It fails with:
//
//   - [CodeRegistrationClosed];
//   - [CodeInvalidUsername], also for names that are reserved, look like reserved ones, or mix scripts;
//   - [CodeWeakPassword];
//   - [CodeUsernameTaken], which costs a password hash as success does. The name of a deleted user counts as
//     taken for Config.NameQuarantine.
func (s *Service) Register(ctx context.Context, a Actor, in Account) (Registered, error) {
	rules := s.rules.Load()
	if rules.registrationClosed {
		return Registered{}, refuse(CodeRegistrationClosed, "registration is closed")
	}
	if folded, err := foldUsername(in.Username); err == nil {
		if err := checkStranger(folded); err != nil {
			return Registered{}, err
		}
	}
	return s.addUser(ctx, a, in, rules.free)
}

// CreateUser adds an account on an operator's request, even while registration is closed. It
// accepts reserved names, and released ones at once. Otherwise it fails as [Service.Register] does.
func (s *Service) CreateUser(ctx context.Context, a Actor, in Account) (Registered, error) {
	return s.addUser(ctx, a, in, 0)
}

// addUser adds an account. The name of a user who was deleted less than quarantine ago counts as
// taken.
func (s *Service) addUser(ctx context.Context, a Actor, in Account, quarantine time.Duration) (Registered, error) {
	folded, err := foldUsername(in.Username)
	if err != nil {
		return Registered{}, err
	}
	hash, warning, err := s.newHash(ctx, in.Password, folded)
	if err != nil {
		return Registered{}, err
	}
	now := s.now()
	id := uuid.New()
	e := a.event(store.ActionUserCreated, now)
	e.UserID = id
	u := store.NewUser{ID: id, Username: in.Username, Folded: folded, PasswordHash: hash, CreatedAt: now}
	if quarantine > 0 {
		u.NotReleasedAfter = now.Add(-quarantine)
	}
	user, err := s.store.CreateUser(ctx, u, e)
	if errors.Is(err, store.ErrConflict) {
		return Registered{}, refuse(CodeUsernameTaken, "that username is taken, choose another one")
	}
	if err != nil {
		return Registered{}, fail(err)
	}
	return Registered{User: user, Warning: warning}, nil
}

// newHash checks a new password against the policy and hashes it.
func (s *Service) newHash(ctx context.Context, password, folded string) (hash, warning string, err error) {
	rules := s.rules.Load()
	nfc, warning, err := rules.policy.check(password, folded)
	if err != nil {
		return "", "", err
	}
	hash, err = rules.hasher.Hash(ctx, nfc)
	if err != nil {
		return "", "", fail(err)
	}
	return hash, warning, nil
}

// notFound returns the error for a username that nobody has.
func notFound(username string) error {
	return refuse(CodeUserNotFound, fmt.Sprintf("there is no user %q", truncate(username, 4*maxUsernameLength)))
}
