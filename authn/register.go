package authn

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// Account is a username and a password as a person typed them.
type Account struct {
	Username string
	Password string
	Email    string // "" for none
	Locale   string // languages that the client accepts, best first: "de-CH,de,en"; "" when unknown
}

// NewAccount is an account that an operator adds.
type NewAccount struct {
	Account
	Verified   bool // the operator vouches for Email
	NoPassword bool // the account has none, and Password is ignored
	Rights     RightsChange
}

// Registered is the result of creating an account or setting a password.
type Registered struct {
	User    store.User
	Warning string // text for a person; "" for none
}

// Register adds an account on its owner's request. An address gets a link that verifies it. If
// another user has verified the address, that user gets a notice instead, and the result is the same.
// It fails with:
//
//   - [CodeRegistrationClosed];
//   - [CodeInvalidUsername], also for names that are reserved, look like reserved ones, or mix scripts;
//     while e-mail is on, also for a name with an @ that is not the address;
//   - [CodeInvalidEmail], also when an address is required and missing, and [CodeEmailOff] for any address;
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
	if in.Email != "" && !rules.mail.on() {
		return Registered{}, s.requireEmail()
	}
	email, err := addressOf(in, rules.mail)
	if err != nil {
		return Registered{}, err
	}
	if email.Text == "" && rules.mail.Mode == EmailRequired {
		return Registered{}, badEmail("an e-mail address is required")
	}
	return s.addUser(ctx, a, NewAccount{Account: in}, email, rules.free)
}

// CreateUser adds an account on an operator's request, even while registration is closed, and
// without an address where Register requires one. It accepts reserved names, and released ones at
// once, and an address while e-mail is off, which then gets no mail. It fails with [CodeEmailTaken]
// when the operator vouches for an address that another user has verified. Otherwise it fails as
// [Service.Register] does.
func (s *Service) CreateUser(ctx context.Context, a Actor, in NewAccount) (Registered, error) {
	email, err := addressOf(in.Account, s.rules.Load().mail)
	if err != nil {
		return Registered{}, err
	}
	email.Verified = in.Verified && email.Text != ""
	return s.addUser(ctx, a, in, email, 0)
}

// addressOf returns the address of a new account, the zero one for none. While e-mail is on, a
// username with an @ is an address, and must be that of the account.
func addressOf(in Account, rules MailRules) (store.Address, error) {
	var email store.Address
	var err error
	if in.Email != "" {
		if email, err = ParseEmail(in.Email); err != nil {
			return store.Address{}, err
		}
	}
	if !rules.on() || !strings.Contains(in.Username, "@") {
		return email, nil
	}
	return email, ownAddress(in.Username, &email)
}

// ownAddress checks a username with an @ against the address of its account. An account without an
// address gets the username as address.
func ownAddress(username string, email *store.Address) error {
	named, err := ParseEmail(username)
	if err != nil || email.Folded != "" && email.Folded != named.Folded {
		return refuse(CodeInvalidUsername, "a username with an @ must be the e-mail address of the account")
	}
	if email.Folded == "" {
		*email = named
	}
	return nil
}

// addUser adds an account. The name of a user who was deleted less than quarantine ago counts as
// taken.
func (s *Service) addUser(ctx context.Context, a Actor, in NewAccount, email store.Address, quarantine time.Duration) (Registered, error) {
	folded, err := foldUsername(in.Username)
	if err != nil {
		return Registered{}, err
	}
	rights, err := s.changedRights(holder{username: in.Username}, store.Rights{}, in.Rights)
	if err != nil {
		return Registered{}, err
	}
	var hash, warning string
	if !in.NoPassword {
		if hash, warning, err = s.newHash(ctx, in.Password, namesOf(folded, email.Text)); err != nil {
			return Registered{}, err
		}
	}
	now := s.now()
	id := uuid.New()
	e := describeChange(a.event(store.ActionUserCreated, now), store.Rights{}, rights)
	e.UserID = id
	u := store.NewUser{
		ID: id, Username: in.Username, Folded: folded, PasswordHash: hash, CreatedAt: now, Email: email, Locale: cleanLocale(in.Locale),
		Rights: rights,
	}
	if quarantine > 0 {
		u.NotReleasedAfter = now.Add(-quarantine)
	}
	if mail := s.rules.Load().mail; email.Text != "" && !email.Verified && mail.on() {
		r, err := s.verification(id, email, in.Locale, mail.limits(now), now)
		if err != nil {
			return Registered{}, err
		}
		u.Verification = &r
	}
	user, err := s.store.CreateUser(ctx, u, e)
	switch {
	case errors.Is(err, store.ErrEmailTaken):
		return Registered{}, errEmailTaken
	case errors.Is(err, store.ErrConflict):
		return Registered{}, refuse(CodeUsernameTaken, "that username is taken, choose another one")
	case err != nil:
		return Registered{}, fail(err)
	}
	if u.Verification != nil {
		s.mailQueued()
	}
	return Registered{User: user, Warning: warning}, nil
}

// newHash checks a new password of a user with some names against the policy, and hashes it.
func (s *Service) newHash(ctx context.Context, password string, names []string) (hash, warning string, err error) {
	rules := s.rules.Load()
	nfc, warning, err := rules.policy.check(password, names...)
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
