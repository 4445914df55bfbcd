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

const openTries = 5 // when servers start at once, all but one must try again

// Open is for a server. It reads the keys from the database and ensures that there is an active key
// of the configured algorithm and, for HS256, of the configured secret. If other servers run that
// may not know a new key, it announces the key first, and promotes it once all of them can sign
// with it. A pending key of a secret that has since been replaced is retired. It fails when the
// active key cannot be opened.
func (ks *Keys) Open(ctx context.Context, a Actor) error {
	var err error
	for range openTries {
		err = ks.reconcile(ctx, a)
		if !errors.Is(err, store.ErrConflict) && !errors.Is(err, store.ErrNotFound) {
			break
		}
	}
	if err != nil {
		return fail(err)
	}
	if err := ks.Read(ctx); err != nil {
		return err
	}
	if k := ks.access.ring.Load().active; !k.signs() {
		return fmt.Errorf("%w: %s: %w", ErrKeyClosed, k.ID, k.openErr)
	}
	return nil
}

// reconcile changes the keys towards the configuration. It fails with a conflict or finds nothing
// when another server was faster.
func (ks *Keys) reconcile(ctx context.Context, a Actor) error {
	rows, err := ks.store.SigningKeys(ctx)
	if err != nil {
		return err
	}
	active, next := inState(rows, store.KeyActive), inState(rows, store.KeyNext)
	switch {
	case active == nil && next != nil:
		return ks.promote(ctx, a, next.ID)
	case active == nil:
		return ks.add(ctx, a, store.KeyActive)
	case ks.asConfigured(*active):
		return nil
	case next != nil && ks.isPrevious(*next):
		if err := ks.store.RetireSigningKey(ctx, next.ID, a.keyEvent(store.ActionKeyRetired, next.ID, ks.now())); err != nil {
			return err
		}
		return ks.reconcile(ctx, a)
	case next != nil && !ks.asConfigured(*next):
		return nil // a rotation to it is under way
	}
	nodes, err := ks.store.Nodes(ctx, ks.now())
	if err != nil {
		return err
	}
	others := slices.ContainsFunc(nodes, serving)
	if others && !newKeyring(rows, ks.rules.Load().secrets, nil).active.signs() {
		return nil // the other servers do not know this server's secret
	}
	if next == nil {
		if err := ks.add(ctx, a, store.KeyNext); err != nil {
			return err
		}
		return ks.reconcile(ctx, a)
	}
	if others {
		return nil
	}
	return ks.promote(ctx, a, next.ID)
}

func inState(rows []store.SigningKey, state store.KeyState) *store.SigningKey {
	i := slices.IndexFunc(rows, func(k store.SigningKey) bool { return k.State == state })
	if i < 0 {
		return nil
	}
	return &rows[i]
}

// asConfigured reports whether k has the configured algorithm and, for HS256, the configured
// secret.
func (ks *Keys) asConfigured(k store.SigningKey) bool {
	return k.Algorithm == ks.algorithm && (k.Algorithm != AlgorithmHS256 || k.ID == ks.rules.Load().secrets[0].id)
}

// isPrevious reports whether k is a secret that the configuration has replaced.
func (ks *Keys) isPrevious(k store.SigningKey) bool {
	return ks.algorithm == AlgorithmHS256 && k.Algorithm == AlgorithmHS256 && !ks.asConfigured(k) &&
		slices.ContainsFunc(ks.rules.Load().secrets[1:], func(secret keySecret) bool { return secret.id == k.ID })
}

// newKey generates a key as configured.
func (ks *Keys) newKey() (store.SigningKey, error) {
	if ks.algorithm == AlgorithmHS256 {
		return secretKey(ks.rules.Load().secrets[0], ks.now()), nil
	}
	return freshKey(ks.algorithm, ks.rules.Load().secrets[0], ks.now())
}

func (ks *Keys) add(ctx context.Context, a Actor, state store.KeyState) error {
	k, err := ks.newKey()
	if err != nil {
		return err
	}
	k.State = state
	if state == store.KeyActive {
		k.ActivatedAt = k.CreatedAt
	}
	return ks.store.AddSigningKey(ctx, k, a.keyEvent(store.ActionKeyAdded, k.ID, k.CreatedAt))
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

// promote makes the next key the active one. The former one verifies as long as tokens may live
// that it signed on a server that learned of the promotion late.
func (ks *Keys) promote(ctx context.Context, a Actor, id string) error {
	now := ks.now()
	nodes, err := ks.store.Nodes(ctx, now)
	if err != nil {
		return err
	}
	ttl, staleness := ks.access.ttl, ks.staleness // the servers may have other values
	for _, n := range nodes {
		ttl, staleness = max(ttl, n.AccessTTL), max(staleness, n.Staleness)
	}
	return ks.store.PromoteSigningKey(ctx, id, now.Add(ttl+clockSkew+staleness), a.keyEvent(store.ActionKeyPromoted, id, now))
}

// promoteNext promotes the next key if it is as configured and the active one is not. All servers
// must be able to sign with it. For an asymmetric key, all verifiers must also have had time to
// fetch it. It returns the id of the promoted key, "" for none.
func (ks *Keys) promoteNext(ctx context.Context, a Actor) (string, error) {
	ring := ks.access.ring.Load()
	i := slices.IndexFunc(ring.keys, func(k *signingKey) bool { return k.State == store.KeyNext })
	if !ks.reading.open.Load() || i < 0 || !ks.asConfigured(ring.keys[i].SigningKey) || (ring.active != nil && ks.asConfigured(ring.active.SigningKey)) {
		return "", nil
	}
	next := ring.keys[i]
	if next.Algorithm != AlgorithmHS256 && ks.now().Sub(next.CreatedAt) < PublishedFor {
		return "", nil
	}
	nodes, err := ks.store.Nodes(ctx, ks.now())
	if err != nil {
		return "", fail(err)
	}
	for _, n := range nodes {
		if serving(n) && !holds(n, next.ID) {
			return "", nil
		}
	}
	if err := ks.promote(ctx, a, next.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
		return "", fail(err)
	}
	return next.ID, nil
}

// holds reports whether a server can sign with a key.
func holds(n store.Node, id string) bool { return slices.Contains(strings.Fields(n.Keys), id) }
