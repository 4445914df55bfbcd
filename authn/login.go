package authn

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/store"
)

// Grant is the result of a sign-in or a refresh: the tokens and whose they are.
type Grant struct {
	User             store.User // of a refresh only ID, Username and CreatedAt
	SessionID        uuid.UUID
	AccessToken      string
	AccessExpiresAt  time.Time
	RefreshToken     string
	RefreshExpiresAt time.Time
	Outcome          store.Outcome // the outcome of a refresh: Rotated or Retried, or why it was refused
	Steps            []Step        // the steps of a login, even when it fails
}

// Login signs a user in and starts a session. in.Username is a username, or a verified address while
// e-mail is on. current is the refresh token of the request, or "". A successful login ends its
// session, whoever owns it.
//
// Login fails with the same [CodeInvalidCredentials] error for an unknown user, a wrong password, a
// disabled user, a user without a password, and a disabled password. Each costs one Argon2
// computation of the configured cost, after that of a stored hash of another cost, and one audit
// event; see prove for an identifier that costs two of each. None fails sooner than the most
// expensive stored hash takes. After too many failures Login fails with [CodeRateLimited] and does
// not compare the password; see [AccountLimits]. When too many sign in at once it fails with
// [CodeOverloaded].
func (s *Service) Login(ctx context.Context, a Actor, in Account, current string) (Grant, error) {
	now := s.now()
	watch := startStopwatch()
	g, err := s.login(ctx, a, in, current, now, watch)
	watch.lap("store")
	g.Steps = watch.steps
	return g, err
}

func (s *Service) login(ctx context.Context, a Actor, in Account, current string, now time.Time, watch *stopwatch) (g Grant, err error) {
	if err := s.Keys.CanSign(); err != nil {
		return Grant{}, err
	}
	err = s.prove(ctx, passwordProof{
		actor: a, identifier: in.Username, password: in.Password, now: now, watch: watch,
		use: func(ctx context.Context, creds store.Credentials, attempt *store.Attempt, rehash string) (started bool, err error) {
			g, started, err = s.startSession(ctx, a, creds, attempt, rehash, current, in.Locale, now)
			return started, err
		},
	})
	return g, err
}

// usernameOf returns the username that a proof is about, as it is counted, and its folded form, which
// is "" when nobody has it or can have it. While e-mail is on, an identifier with an @
// is looked up among verified addresses and among usernames, whether or not it can be one. It sets
// p.shared when it is the username of one user, and may be the address of another.
func (s *Service) usernameOf(ctx context.Context, p *passwordProof) (username, folded string, err error) {
	if p.who != nil {
		return p.who.username, foldedOrNone(p.who.username), nil
	}
	folded = foldedOrNone(p.identifier)
	if !strings.Contains(p.identifier, "@") || !s.EmailOn() {
		return p.identifier, folded, nil
	}
	address, _ := ParseEmail(p.identifier) // nobody has the zero address
	owner, err := s.store.UserByEmail(ctx, address.Folded)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", "", err
	}
	named, err := s.store.User(ctx, folded)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", "", err
	}
	p.shared = named.ID != uuid.Nil && named.ID != owner.ID
	switch {
	case p.shared && p.byAddress && owner.ID == uuid.Nil:
		return p.identifier, "", nil // nobody has the address, and its failures are not those of the username
	case owner.ID == uuid.Nil || p.shared && !p.byAddress:
		return p.identifier, folded, nil
	}
	return owner.Username, owner.Folded, nil
}

// foldedOrNone returns the folded form of a username, "" for one that nobody can have.
func foldedOrNone(username string) string {
	folded, err := foldUsername(username)
	if err != nil {
		return ""
	}
	return folded
}

// credentials reads the credentials of a folded username. They are empty for a name that nobody has,
// and for "".
func (s *Service) credentials(ctx context.Context, folded string) (store.Credentials, error) {
	if folded == "" {
		return store.Credentials{}, nil
	}
	creds, err := s.store.Credentials(ctx, folded)
	if errors.Is(err, store.ErrNotFound) {
		return store.Credentials{}, nil
	}
	return creds, err
}

// verdict is the result of comparing a password with the credentials of a name.
type verdict struct {
	stored hashing.Stored
	match  hashing.Match
	took   hashing.Took // how long the hash took
	why    string       // why it was refused, for the audit trail; "" when it was not
	cause  error        // set when the fault is ours
}

// verifyPassword compares a password with the stored hash. If there is none, it computes a hash
// that takes as long.
func verifyPassword(ctx context.Context, hasher *hashing.Hasher, creds store.Credentials, password hashing.Password) (v verdict, err error) {
	if creds.PasswordHash == "" {
		v.why = "unknown_user"
		if creds.User.ID != uuid.Nil {
			v.why = "no_password"
		}
		v.took, err = hasher.Waste(ctx, password)
		return v, err
	}
	if v.stored, err = hasher.Parse(creds.PasswordHash); err != nil {
		v.why, v.cause = "corrupt_hash", fmt.Errorf("user %s: %w", creds.User.ID, err)
		v.took, err = hasher.Waste(ctx, password)
		return v, err
	}
	v.stored.Barred = creds.User.Disabled() || creds.User.PasswordDisabled()
	v.match, v.took, err = hasher.Verify(ctx, password, v.stored)
	switch {
	case err != nil:
	case !v.match.OK:
		v.why = "wrong_password"
	case creds.User.Disabled():
		v.why = "disabled"
	case creds.User.PasswordDisabled():
		v.why = "password_disabled"
	}
	return v, err
}

// loginFailed records a password that was refused, and returns the error for it.
func (s *Service) loginFailed(ctx context.Context, p passwordProof, userID uuid.UUID, attempt *store.Attempt, found verdict) error {
	e := p.actor.event(store.ActionLoginFailed, p.now)
	e.UserID = userID
	e.Reason = found.why
	var ceiling store.Ceiling
	if attempt != nil {
		ceiling = attempt.Ceiling
	}
	notice := s.notice(store.MailPasswordDisabled, "", p.now)
	if err := s.store.FailLogin(ctx, s.disableAfter(), ceiling, notice, e); err != nil {
		return fail(err)
	}
	return p.refused(found.cause)
}

// refused returns the error for a password that does not prove the request.
func (p passwordProof) refused(cause error) error {
	if p.who != nil {
		return &Error{Code: CodeInvalidCredentials, Message: "the current password is wrong", Err: cause}
	}
	return errCredentials(cause)
}

func errCredentials(cause error) error {
	return &Error{Code: CodeInvalidCredentials, Message: "username or password is wrong", Err: cause}
}

// startSession starts a session. It reports false when the account no longer matches creds.
func (s *Service) startSession(ctx context.Context, a Actor, creds store.Credentials, attempt *store.Attempt, rehash, current, locale string, now time.Time) (g Grant, started bool, err error) {
	step := firstStep(now)
	token := s.rules.Load().steps.mark(newRefreshToken(), step)
	session := store.Session{
		ID:                token.sessionID(),
		UserID:            creds.User.ID,
		CreatedAt:         now,
		ExpiresAt:         now.Add(s.refresh),
		AbsoluteExpiresAt: now.Add(s.maxAge),
		Generation:        creds.Generation,
	}
	var replaces uuid.UUID
	if old, ok := parseRefreshToken(current); ok {
		replaces = old.sessionID()
	}
	e := a.event(store.ActionLogin, now)
	e.Actor = "user:" + creds.User.ID.String()
	e.UserID, e.SessionID = creds.User.ID, session.ID
	started, err = s.store.StartSession(ctx, store.NewSession{
		ID:                session.ID,
		UserID:            session.UserID,
		TokenHash:         token.hash(),
		Step:              step,
		Generation:        session.Generation,
		CreatedAt:         session.CreatedAt,
		ExpiresAt:         session.ExpiresAt,
		AbsoluteExpiresAt: session.AbsoluteExpiresAt,
		RemoteAddr:        a.RemoteAddr,
		UserAgent:         truncate(a.UserAgent, maxUserAgent),
		PasswordHash:      creds.PasswordHash,
		Rehash:            rehash,
		Replaces:          replaces,
		Attempt:           attempt,
		Max:               s.rules.Load().maxSessions,
		Locale:            cleanLocale(locale),
		Notice:            s.newPlace(attempt, locale, now),
	}, e)
	if err != nil {
		return Grant{}, false, fail(err)
	}
	if !started {
		return Grant{}, false, nil
	}
	if replaces != uuid.Nil {
		s.Cluster.feed.add(store.Revocation{At: now, SessionID: replaces})
	}
	g, err = s.grant(a, creds.User, session, token, now)
	return g, true, err
}

// newPlace returns the notice of a sign-in from a place not known, nil when places are not known
// because attempts are not counted.
func (s *Service) newPlace(attempt *store.Attempt, locale string, now time.Time) *store.NewMail {
	if attempt == nil {
		return nil
	}
	return s.notice(store.MailNewPlace, locale, now)
}

// grant signs the access token that accompanies a refresh token.
func (s *Service) grant(a Actor, user store.User, session store.Session, token refreshToken, now time.Time) (Grant, error) {
	access, expires, err := s.access.issue(user, session, a.ClientID, now)
	if err != nil {
		return Grant{}, fail(err)
	}
	return Grant{
		User:             user,
		SessionID:        session.ID,
		AccessToken:      access,
		AccessExpiresAt:  expires,
		RefreshToken:     token.secret(),
		RefreshExpiresAt: session.ExpiresAt,
	}, nil
}
