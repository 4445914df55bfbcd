package authn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/authctl/authctl/store"
)

const openTries = 5 // of two servers that start at once one has to look again

// OpenKeys is for a server: it takes the keys from the database, and sees to it that
// there is an active one of the configured algorithm and, for HS256, of the configured
// secret. While other servers run that may not know it, a new key is made known first,
// and promoted when all of them can sign with it; one of a secret that was replaced before
// that gives way. It fails when the active key cannot be opened.
func (s *Service) OpenKeys(ctx context.Context, a Actor) error {
	var err error
	for range openTries {
		err = s.settleKeys(ctx, a)
		if !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrNotFound) {
			break
		}
	}
	if err != nil {
		return fail(err)
	}
	if err := s.ReadKeys(ctx); err != nil {
		return err
	}
	if k := s.access.ring.Load().active; !k.signs() {
		return fmt.Errorf("%w: %s: %w", ErrKeyClosed, k.ID, k.closed)
	}
	return nil
}

// settleKeys fails with a conflict, or finds nothing, when another server was faster.
func (s *Service) settleKeys(ctx context.Context, a Actor) error {
	rows, err := s.store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	active, next := inState(rows, store.KeyActive), inState(rows, store.KeyNext)
	switch {
	case active == nil && next != nil:
		return s.promote(ctx, a, next.ID)
	case active == nil:
		return s.addKey(ctx, a, store.KeyActive)
	case s.asConfigured(*active):
		return nil
	case next != nil && s.isPrevious(*next):
		if err := s.store.RetireSigningKey(ctx, next.ID, a.keyEvent(store.ActionKeyRetired, next.ID, s.now())); err != nil {
			return err
		}
		return s.settleKeys(ctx, a)
	case next != nil && !s.asConfigured(*next):
		return nil // somebody is rotating to it
	}
	nodes, err := s.store.Nodes(ctx, s.now())
	if err != nil {
		return err
	}
	others := slices.ContainsFunc(nodes, serving)
	if others && !newKeyring(rows, s.rules.Load().secrets, nil).active.signs() {
		return nil // with a secret that they do not know this server could only harm
	}
	if next == nil {
		if err := s.addKey(ctx, a, store.KeyNext); err != nil {
			return err
		}
		return s.settleKeys(ctx, a)
	}
	if others {
		return nil
	}
	return s.promote(ctx, a, next.ID)
}

func inState(rows []store.SigningKey, state store.KeyState) *store.SigningKey {
	i := slices.IndexFunc(rows, func(k store.SigningKey) bool { return k.State == state })
	if i < 0 {
		return nil
	}
	return &rows[i]
}

// asConfigured reports whether k is what the configuration asks for.
func (s *Service) asConfigured(k store.SigningKey) bool {
	return k.Algorithm == s.algorithm && (k.Algorithm != AlgorithmHS256 || k.ID == s.rules.Load().secrets[0].id)
}

// isPrevious reports whether k is a secret that the configuration has replaced already.
func (s *Service) isPrevious(k store.SigningKey) bool {
	return s.algorithm == AlgorithmHS256 && k.Algorithm == AlgorithmHS256 && !s.asConfigured(k) &&
		slices.ContainsFunc(s.rules.Load().secrets[1:], func(secret keySecret) bool { return secret.id == k.ID })
}

// newKey makes what the configuration asks for.
func (s *Service) newKey() (store.SigningKey, error) {
	if s.algorithm == AlgorithmHS256 {
		return secretKey(s.rules.Load().secrets[0], s.now()), nil
	}
	return freshKey(s.algorithm, s.rules.Load().secrets[0], s.now())
}

func (s *Service) addKey(ctx context.Context, a Actor, state store.KeyState) error {
	k, err := s.newKey()
	if err != nil {
		return err
	}
	k.State = state
	if state == store.KeyActive {
		k.ActivatedAt = k.CreatedAt
	}
	return s.store.AddSigningKey(ctx, k, a.keyEvent(store.ActionKeyAdded, k.ID, k.CreatedAt))
}

// keyEvent is an event about a signing key.
func (a Actor) keyEvent(action store.Action, id string, now time.Time) store.Event {
	about := "key " + id
	if a.Reason != "" {
		about += ": " + a.Reason
	}
	a.Reason = about
	return a.event(action, now)
}

// promote makes the next key the active one. The one before verifies for as long as a
// token lives that it may have signed, on a server that hears of it late.
func (s *Service) promote(ctx context.Context, a Actor, id string) error {
	now := s.now()
	nodes, err := s.store.Nodes(ctx, now)
	if err != nil {
		return err
	}
	ttl, staleness := s.access.ttl, s.staleness // the servers' own may be others
	for _, n := range nodes {
		ttl, staleness = max(ttl, n.AccessTTL), max(staleness, n.Staleness)
	}
	return s.store.PromoteSigningKey(ctx, id, now.Add(ttl+clockSkew+staleness), a.keyEvent(store.ActionKeyPromoted, id, now))
}

// settleNext promotes the next key, when the active one is not what the configuration
// asks for and the next is, as soon as all servers can sign with it, and for a pair of
// keys all verifiers have had the time to read it. It reports whether it did.
func (s *Service) settleNext(ctx context.Context, a Actor) (string, error) {
	ring := s.access.ring.Load()
	i := slices.IndexFunc(ring.keys, func(k *signingKey) bool { return k.State == store.KeyNext })
	if !s.reading.open.Load() || i < 0 || !s.asConfigured(ring.keys[i].SigningKey) || (ring.active != nil && s.asConfigured(ring.active.SigningKey)) {
		return "", nil
	}
	next := ring.keys[i]
	if next.Algorithm != AlgorithmHS256 && s.now().Sub(next.CreatedAt) < JWKSMaxAge {
		return "", nil
	}
	nodes, err := s.store.Nodes(ctx, s.now())
	if err != nil {
		return "", fail(err)
	}
	for _, n := range nodes {
		if serving(n) && !holds(n, next.ID) {
			return "", nil
		}
	}
	if err := s.promote(ctx, a, next.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", fail(err)
	}
	return next.ID, nil
}

// holds reports whether a server can sign with a key.
func holds(n store.Node, id string) bool { return slices.Contains(strings.Fields(n.Keys), id) }
