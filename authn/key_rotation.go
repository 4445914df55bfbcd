package authn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/authctl/authctl/store"
)

// Keys returns every signing key, the oldest first.
func (s *Service) Keys(ctx context.Context) ([]Key, error) {
	rows, err := s.store.SigningKeys(ctx)
	if err != nil {
		return nil, fail(err)
	}
	var keys []Key
	for _, k := range newKeyring(rows, s.rules.Load().secrets, nil).keys {
		keys = append(keys, k.key(s.now()))
	}
	return keys, nil
}

// NextKey returns the key that is next. When there is none it makes one of the configured
// algorithm, or fails with [ErrSecretInUse]. It fails with [ErrAnotherNext] when there is
// one, of another algorithm or secret.
func (s *Service) NextKey(ctx context.Context, a Actor) (Key, error) {
	for range openTries {
		keys, err := s.Keys(ctx)
		if err != nil {
			return Key{}, err
		}
		if i := slices.IndexFunc(keys, func(k Key) bool { return k.State == store.KeyNext }); i >= 0 {
			if k := keys[i]; !s.asConfigured(k.SigningKey) {
				return Key{}, fmt.Errorf("%w: %s (%s)", ErrAnotherNext, k.ID, k.Algorithm)
			}
			return keys[i], nil
		}
		if err := s.CanRotate(keys); err != nil {
			return Key{}, err
		}
		if err := s.addKey(ctx, a, store.KeyNext); err != nil && !errors.Is(err, store.ErrConflict) {
			return Key{}, fail(err)
		}
	}
	return Key{}, &Error{Code: CodeUnavailable, Message: "somebody else is changing the signing keys"}
}

// CanRotate fails with [ErrSecretInUse] when the key to rotate to is the active one of
// keys.
func (s *Service) CanRotate(keys []Key) error {
	for _, k := range keys {
		if s.algorithm == AlgorithmHS256 && k.ID == s.rules.Load().secrets[0].id && k.State == store.KeyActive {
			return ErrSecretInUse
		}
	}
	return nil
}

// PromoteKey makes the next key the active one; the one before verifies until the last
// token that it signed is dead. It fails with [CodeKeyNotFound].
func (s *Service) PromoteKey(ctx context.Context, a Actor, id string) error {
	return keyFailed(id, "next", s.promote(ctx, a, id))
}

// RetireKey gives the next key up. It fails with [CodeKeyNotFound].
func (s *Service) RetireKey(ctx context.Context, a Actor, id string) error {
	return keyFailed(id, "next", s.store.RetireSigningKey(ctx, id, a.keyEvent(store.ActionKeyRetired, id, s.now())))
}

// RemoveKey removes a key that is not active; what it signed is dead at once. It fails
// with [CodeKeyNotFound].
func (s *Service) RemoveKey(ctx context.Context, a Actor, id string) error {
	return keyFailed(id, "next or retired", s.store.RemoveSigningKey(ctx, id, a.keyEvent(store.ActionKeyRemoved, id, s.now())))
}

func keyFailed(id, state string, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return refuse(CodeKeyNotFound, fmt.Sprintf("no key %q is %s", id, state))
	}
	if err != nil {
		return fail(err)
	}
	return nil
}

// BurnKeys makes a new key the only one, so that every access token there is is dead.
// Sessions live on. It fails with [ErrSecretInUse].
func (s *Service) BurnKeys(ctx context.Context, a Actor) (id string, burned int, err error) {
	keys, err := s.Keys(ctx)
	if err != nil {
		return "", 0, err
	}
	if err := s.CanRotate(keys); err != nil {
		return "", 0, err
	}
	k, err := s.newKey()
	if err != nil {
		return "", 0, fail(err)
	}
	burned, err = s.store.BurnSigningKeys(ctx, k, a.keyEvent(store.ActionKeysBurned, k.ID, s.now()))
	if err != nil {
		return "", 0, fail(err)
	}
	return k.ID, burned, nil
}

// ResealKeys seals the private parts that are sealed under a previous secret under the
// current one. It returns how many it sealed, and which it could not open.
func (s *Service) ResealKeys(ctx context.Context, a Actor, dryRun bool) (resealed int, closed []string, err error) {
	rows, err := s.store.SigningKeys(ctx)
	if err != nil {
		return 0, nil, fail(err)
	}
	current := s.rules.Load().secrets[0]
	var again []store.ResealedKey
	for _, k := range newKeyring(rows, s.rules.Load().secrets, nil).keys {
		if k.Sealed == nil || k.SealedBy == current.id {
			continue
		}
		if k.closed != nil {
			closed = append(closed, k.ID)
			continue
		}
		private, err := openPrivate(*s.secret(k.SealedBy), k.ID, k.Algorithm, k.Sealed)
		if err != nil {
			return 0, nil, fail(err)
		}
		sealed, err := sealPrivate(current, k.ID, k.Algorithm, private)
		if err != nil {
			return 0, nil, fail(err)
		}
		again = append(again, store.ResealedKey{ID: k.ID, From: k.SealedBy, Sealed: sealed, SealedBy: current.id})
	}
	if dryRun || len(again) == 0 {
		return len(again), closed, nil
	}
	resealed, err = s.store.ResealSigningKeys(ctx, again, a.event(store.ActionKeysResealed, s.now()))
	if err != nil {
		return 0, nil, fail(err)
	}
	return resealed, closed, nil
}

func (s *Service) secret(id string) *keySecret {
	secrets := s.rules.Load().secrets
	for i := range secrets {
		if secrets[i].id == id {
			return &secrets[i]
		}
	}
	return nil
}

// AwaitKey waits until every node that may be serving can sign with a key, for wait at
// most.
func (s *Service) AwaitKey(ctx context.Context, id string, wait time.Duration) (Reach, error) {
	return s.await(ctx, wait, func(n store.Node) bool { return holds(n, id) })
}
