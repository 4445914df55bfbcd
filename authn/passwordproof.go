package authn

import (
	"context"
	"errors"
	"time"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/store"
)

// passwordProof is a request that a password must prove: a sign-in, or a change by somebody who has
// signed in. All of them count the same failures.
type passwordProof struct {
	actor      Actor
	identifier string    // of a sign-in: a username, or an address while e-mail is on
	who        *Identity // who has signed in; nil for a sign-in
	password   string    // as typed
	now        time.Time
	watch      *stopwatch
	shared     bool // the identifier is a username, and may be the verified address of another user
	byAddress  bool // it stands for that address

	// use carries out the request for the account of creds. It reports false, and changes nothing,
	// when the account no longer matches creds.
	use func(ctx context.Context, creds store.Credentials, attempt *store.Attempt, rehash string) (done bool, err error)
}

// prove checks a password and carries out the request. It fails as [Service.Login] does. For an
// identity whose account is gone it fails with [CodeSessionRevoked].
//
// Anybody may register a username that is an address. So where the identifier is a username and may
// also be the verified address of another user, the password is compared with both accounts, the
// username's first. It takes the same work if nobody has verified the address. Otherwise, whoever
// registers a username and signs in would learn whether another user has the address.
func (s *Service) prove(ctx context.Context, p passwordProof) error {
	err := s.proveOnce(ctx, &p)
	if !p.shared || !isRefusal(err) {
		return err
	}
	p.byAddress = true
	if second := s.proveOnce(ctx, &p); !isRefusal(second) {
		return second
	}
	return err
}

// isRefusal reports whether an error says that a password is wrong, or that it comes too early.
func isRefusal(err error) bool {
	code := CodeOf(err)
	return err != nil && (code == CodeInvalidCredentials || code == CodeRateLimited)
}

// proveOnce checks a password against one account.
func (s *Service) proveOnce(ctx context.Context, p *passwordProof) error {
	password, ok := normalizePassword(p.password)
	if !ok { // nobody can have it; it must not fill the audit trail
		return p.refused(nil)
	}
	forms := hashing.Password{Typed: p.password, NFC: password}
	hasher := s.rules.Load().hasher
	place, err := hasher.Enter(ctx, hashing.ForLogin)
	if err != nil {
		return fail(err)
	}
	p.watch.lap("hash_wait")
	defer place.Leave()
	client := ctx
	// From here on the context outlives the client: a counted attempt is always computed.
	ctx, done := recording(ctx)
	defer done()
	username, folded, err := s.usernameOf(ctx, p)
	if err != nil {
		return fail(err)
	}
	creds, attempt, err := s.beginLogin(ctx, p.actor, username, folded, p.now)
	p.watch.lap("lookup")
	if err != nil {
		return fail(err)
	}
	var verified store.Credentials // the credentials whose hash the password was compared with
	for range 3 {
		if p.who != nil && creds.User.ID != p.who.userID {
			return s.uncount(ctx, attempt, errRevoked)
		}
		var rehash string
		if verified.PasswordHash == "" || creds.PasswordHash != verified.PasswordHash || creds.User.Disabled() || creds.User.PasswordDisabled() {
			found, err := verifyPassword(context.WithoutCancel(ctx), hasher, creds, forms)
			p.watch.hashed(found.took)
			if err != nil {
				return s.takeBack(ctx, attempt, fail(err))
			}
			ctx, done = recording(ctx)
			defer done()
			if found.why != "" {
				place.Leave()
				err := s.loginFailed(ctx, *p, creds.User.ID, attempt, found)
				hasher.Hold(client, forms, found.took.Began)
				return err
			}
			if p.who == nil && hasher.Outdated(found.stored, found.match) {
				var took hashing.Took
				rehash, took, err = hasher.Upgrade(ctx, password)
				p.watch.hashed(took)
				_, overloaded := errors.AsType[*hashing.Overloaded](err) // a later login upgrades it
				if err != nil && (ctx.Err() != nil || !overloaded) {
					return fail(err)
				}
			}
			place.Leave()
			verified = creds
		}
		used, err := p.use(ctx, creds, attempt, rehash)
		if err != nil {
			return s.takeBack(ctx, attempt, err)
		}
		if used {
			return nil
		}
		// Another login has upgraded the hash, or a revocation came between. A second
		// query shows whether the password was changed or the user disabled.
		creds, err = s.credentials(ctx, folded)
		p.watch.lap("lookup")
		if err != nil {
			return fail(err)
		}
	}
	return &Error{Code: CodeUnavailable, Message: "the account keeps changing, try again in a moment", RetryAfter: time.Second}
}
