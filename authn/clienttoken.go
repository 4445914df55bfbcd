package authn

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// ClientGrant is an access token of a service account.
type ClientGrant struct {
	ClientID    uuid.UUID
	Name        string
	AccessToken string
	ExpiresIn   time.Duration // whole seconds
}

var errInvalidClient = refuse(CodeInvalidClient, "the client is unknown, or its secret is wrong")

// ClientToken returns an access token for the service account with this name and secret (RFC 6749,
// section 4.4). A good secret costs one statement, and once an hour for each address block a second
// one, for the audit trail.
//
// A secret that is not good costs the same statements whether or not there is such a client, and the
// same [CodeInvalidClient]. Only who presents a secret that was good is told that it has ended, or
// that the client is disabled. Failures count for the name and the address block. After too many of
// them, those that follow fail with [CodeRateLimited]. No failure delays a good secret: ten replicas
// with an old secret must not stop one with the new, and nobody guesses a secret, so that a delay
// would protect nothing.
//
// A client that is disabled after its secret was read gets a token of the generation that was read,
// which every server refuses.
func (s *Service) ClientToken(ctx context.Context, a Actor, name, secret string) (ClientGrant, error) {
	if err := s.Keys.CanSign(); err != nil {
		return ClientGrant{}, err
	}
	now, hash := s.now(), hashClientSecret(secret)
	c, err := s.store.ClientOfSecret(ctx, hash)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && subtle.ConstantTimeCompare([]byte(c.Client.Name), []byte(name)) == 0:
		return ClientGrant{}, s.clientRefused(ctx, a, name, hash, "wrong_secret", errInvalidClient, now)
	case err != nil:
		return ClientGrant{}, fail(err)
	case c.Client.Disabled():
		return ClientGrant{}, s.clientRefused(ctx, a, name, hash, "disabled", refuse(CodeInvalidClient, "this client is disabled"), now)
	case !c.Client.Secrets[0].Good(now):
		ended := c.Client.Secrets[0].ExpiresAt.Format(time.RFC3339)
		return ClientGrant{}, s.clientRefused(ctx, a, name, hash, "expired_secret", refuse(CodeInvalidClient, "this secret of the client ended at "+ended+", use the one that has replaced it"), now)
	}
	token, expires, err := s.access.issueClient(c, now)
	if err != nil {
		return ClientGrant{}, err
	}
	if s.clientUses.note(use{hash, a.block()}, now) {
		e := a.event(store.ActionClientToken, now)
		e.Actor = "client:" + c.Client.ID.String()
		if err := s.store.Record(ctx, e.OfClient(c.Client.ID, name)); err != nil {
			s.clientUses.forget(use{hash, a.block()})
			return ClientGrant{}, fail(err)
		}
	}
	s.clientTokens.Add(1)
	return ClientGrant{ClientID: c.Client.ID, Name: name, AccessToken: token, ExpiresIn: expires.Sub(now).Truncate(time.Second)}, nil
}

// KnowsSecret reports whether this process has issued a token for a secret to the actor's address
// block within a day. Limits of addresses need not protect the database from such a client.
func (s *Service) KnowsSecret(a Actor, secret string) bool {
	return s.clientUses.knows(use{hashClientSecret(secret), a.block()}, s.now())
}

// clientRefused counts and audits a failure, and returns refusal or [CodeRateLimited].
func (s *Service) clientRefused(ctx context.Context, a Actor, name, hash, why string, refusal error, now time.Time) error {
	ctx, done := recording(ctx)
	defer done()
	s.clientUses.forget(use{hash, a.block()})
	s.clientRefusals.Add(1)
	if t := s.rules.Load().throttle; t != nil {
		admission, err := s.store.BeginLogin(ctx, t.clientAttempt(name, a.block(), now))
		if err != nil {
			return fail(err)
		}
		if !admission.RetryAt.IsZero() {
			s.RefusedByLimit(ctx, a, "failed requests for tokens of one client")
			return &Error{Code: CodeRateLimited, Message: "too many requests for a token of this client have failed, try again later; a good secret is not delayed", RetryAfter: admission.RetryAt.Sub(now)}
		}
	}
	c, err := s.clientNamed(ctx, name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fail(err)
	}
	e := a.event(store.ActionClientRefused, now)
	e.Reason = "unknown_client"
	if err == nil {
		e.Reason = why
		e = e.OfClient(c.ID, c.Name)
	}
	if err := s.store.Record(ctx, e); err != nil {
		return fail(fmt.Errorf("audit a refused client: %w", err))
	}
	return refusal
}

// block returns the block of the actor's address, zero when it has none.
func (a Actor) block() netip.Prefix {
	ip, _ := netip.ParseAddr(a.RemoteAddr)
	return AddressBlock(ip)
}

// ClientTokens returns how many access tokens of service accounts were issued since the start, and how
// many requests for one were refused.
func (s *Service) ClientTokens() (issued, refused uint64) {
	return s.clientTokens.Load(), s.clientRefusals.Load()
}
