package authn

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/authctl/authctl/store"
)

// List returns every signing key, oldest first.
func (ks *Keys) List(ctx context.Context) ([]Key, error) {
	rows, err := ks.store.SigningKeys(ctx)
	if err != nil {
		return nil, fail(err)
	}
	var keys []Key
	for _, k := range newKeyring(rows, ks.rules.Load().secrets, nil).keys {
		keys = append(keys, k.key(ks.now()))
	}
	return keys, nil
}

// Next returns the key that is next. If there is none, it makes one of the configured algorithm. It
// fails with [ErrSecretInUse] when there is no key to rotate to, and with [ErrAnotherNext] when the
// next key has another algorithm or secret.
func (ks *Keys) Next(ctx context.Context, a Actor) (Key, error) {
	for range openTries {
		keys, err := ks.List(ctx)
		if err != nil {
			return Key{}, err
		}
		if i := slices.IndexFunc(keys, func(k Key) bool { return k.State == store.KeyNext }); i >= 0 {
			if k := keys[i]; !ks.asConfigured(k.SigningKey) {
				return Key{}, fmt.Errorf("%w: %s (%s)", ErrAnotherNext, k.ID, k.Algorithm)
			}
			return keys[i], nil
		}
		if err := ks.CanRotate(keys); err != nil {
			return Key{}, err
		}
		if err := ks.add(ctx, a, store.KeyNext); err != nil && !errors.Is(err, store.ErrConflict) {
			return Key{}, fail(err)
		}
	}
	return Key{}, &Error{Code: CodeUnavailable, Message: "somebody else is changing the signing keys"}
}

// CanRotate returns [ErrSecretInUse] when the key to rotate to is the active one of keys.
func (ks *Keys) CanRotate(keys []Key) error {
	for _, k := range keys {
		if ks.algorithm == AlgorithmHS256 && k.ID == ks.rules.Load().secrets[0].id && k.State == store.KeyActive {
			return ErrSecretInUse
		}
	}
	return nil
}

// Promote makes the next key the active one. The former one verifies until the last token that it
// signed has expired. It fails with [CodeKeyNotFound].
func (ks *Keys) Promote(ctx context.Context, a Actor, id string) error {
	return keyFailed(id, "next", ks.promote(ctx, a, id))
}

// Retire gives up the next key. It fails with [CodeKeyNotFound].
func (ks *Keys) Retire(ctx context.Context, a Actor, id string) error {
	return keyFailed(id, "next", ks.store.RetireSigningKey(ctx, id, a.keyEvent(store.ActionKeyRetired, id, ks.now())))
}

// Remove removes a key that is not active. Tokens that it signed are refused from then on. It fails
// with [CodeKeyNotFound].
func (ks *Keys) Remove(ctx context.Context, a Actor, id string) error {
	return keyFailed(id, "next or retired", ks.store.RemoveSigningKey(ctx, id, a.keyEvent(store.ActionKeyRemoved, id, ks.now())))
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

// Burn makes a new key the only one, so that every existing access token is refused. Sessions live
// on. It fails with [ErrSecretInUse].
func (ks *Keys) Burn(ctx context.Context, a Actor) (id string, burned int, err error) {
	keys, err := ks.List(ctx)
	if err != nil {
		return "", 0, err
	}
	if err := ks.CanRotate(keys); err != nil {
		return "", 0, err
	}
	k, err := ks.newKey()
	if err != nil {
		return "", 0, fail(err)
	}
	burned, err = ks.store.BurnSigningKeys(ctx, k, a.keyEvent(store.ActionKeysBurned, k.ID, ks.now()))
	if err != nil {
		return "", 0, fail(err)
	}
	return k.ID, burned, nil
}

// Reseal seals again, with the current secret, the private keys that a previous secret has sealed.
// It returns how many it resealed, and the ids of those that it could not open.
func (ks *Keys) Reseal(ctx context.Context, a Actor, dryRun bool) (resealed int, closed []string, err error) {
	rows, err := ks.store.SigningKeys(ctx)
	if err != nil {
		return 0, nil, fail(err)
	}
	current := ks.rules.Load().secrets[0]
	var again []store.ResealedKey
	for _, k := range newKeyring(rows, ks.rules.Load().secrets, nil).keys {
		if k.Sealed == nil || k.SealedBy == current.id {
			continue
		}
		if k.openErr != nil {
			closed = append(closed, k.ID)
			continue
		}
		private, err := openPrivate(*ks.secret(k.SealedBy), k.ID, k.Algorithm, k.Sealed)
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
	resealed, err = ks.store.ResealSigningKeys(ctx, again, a.event(store.ActionKeysResealed, ks.now()))
	if err != nil {
		return 0, nil, fail(err)
	}
	return resealed, closed, nil
}

func (ks *Keys) secret(id string) *keySecret {
	secrets := ks.rules.Load().secrets
	for i := range secrets {
		if secrets[i].id == id {
			return &secrets[i]
		}
	}
	return nil
}
