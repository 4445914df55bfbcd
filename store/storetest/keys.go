package storetest

import (
	"errors"
	"sync"
	"time"

	"github.com/authctl/authctl/store"
)

var keyCases = []testCase{
	{"a key lives through its states", func(f *fixture) {
		equal(f, "number of keys", len(f.keys()), 0)
		one, two, three := key("one", 0), key("two", 1), key("three", 2)
		one.State, one.ActivatedAt = store.KeyActive, noon
		one.Public, one.Sealed, one.SealedBy = nil, nil, ""
		f.changesKeys(store.ActionKeyAdded, func(e store.Event) error { return f.store.AddSigningKey(f.ctx, one, e) })
		f.changesKeys(store.ActionKeyAdded, func(e store.Event) error { return f.store.AddSigningKey(f.ctx, two, e) })
		equal(f, "keys", f.keys(), []store.SigningKey{one, two})

		until := noon.Add(time.Hour)
		f.changesKeys(store.ActionKeyPromoted, func(e store.Event) error { return f.store.PromoteSigningKey(f.ctx, "two", until, e) })
		one.State, one.RetiredAt, one.VerifyUntil = store.KeyRetired, changed, until
		two.State, two.ActivatedAt = store.KeyActive, changed
		equal(f, "keys", f.keys(), []store.SigningKey{one, two})

		f.changesKeys(store.ActionKeyAdded, func(e store.Event) error { return f.store.AddSigningKey(f.ctx, three, e) })
		f.changesKeys(store.ActionKeyRetired, func(e store.Event) error { return f.store.RetireSigningKey(f.ctx, "three", e) })
		three.State, three.RetiredAt, three.VerifyUntil = store.KeyRetired, changed, changed
		equal(f, "keys", f.keys(), []store.SigningKey{one, two, three})

		f.ok("delete old keys", f.store.DeleteOldSigningKeys(f.ctx, until))
		equal(f, "keys", f.keys(), []store.SigningKey{one, two})
		f.changesKeys(store.ActionKeyRemoved, func(e store.Event) error { return f.store.RemoveSigningKey(f.ctx, "one", e) })
		equal(f, "keys", f.keys(), []store.SigningKey{two})
	}},
	{"a key that is not in the state for it does not change", func(f *fixture) {
		active, next := key("active", 0), key("next", 1)
		active.State, active.ActivatedAt = store.KeyActive, noon
		for _, k := range []store.SigningKey{active, next} {
			f.ok("add", f.store.AddSigningKey(f.ctx, k, event(store.ActionKeyAdded, noon)))
		}
		second, again := key("second", 2), key("next", 3)
		again.State = store.KeyActive
		third := key("third", 4)
		third.State = store.KeyActive
		e := event(store.ActionKeyAdded, changed)
		f.publishes("what is refused", func() {
			f.writes("what is refused", func() {
				f.is("a second next", f.store.AddSigningKey(f.ctx, second, e), store.ErrConflict)
				f.is("the same id", f.store.AddSigningKey(f.ctx, again, e), store.ErrConflict)
				f.is("a second active", f.store.AddSigningKey(f.ctx, third, e), store.ErrConflict)
				f.is("promote the active", f.store.PromoteSigningKey(f.ctx, "active", noon, e), store.ErrNotFound)
				f.is("promote nothing", f.store.PromoteSigningKey(f.ctx, "none", noon, e), store.ErrNotFound)
				f.is("retire the active", f.store.RetireSigningKey(f.ctx, "active", e), store.ErrNotFound)
				f.is("remove the active", f.store.RemoveSigningKey(f.ctx, "active", e), store.ErrNotFound)
				f.is("remove nothing", f.store.RemoveSigningKey(f.ctx, "none", e), store.ErrNotFound)
			})
		})
		equal(f, "keys", f.keys(), []store.SigningKey{active, next})
	}},
	{"a retired key comes back", func(f *fixture) {
		one, two := key("one", 0), key("two", 1)
		one.State, one.ActivatedAt = store.KeyActive, noon
		for _, k := range []store.SigningKey{one, two} {
			f.ok("add", f.store.AddSigningKey(f.ctx, k, event(store.ActionKeyAdded, noon)))
		}
		f.ok("promote", f.store.PromoteSigningKey(f.ctx, "two", noon.Add(time.Hour), event(store.ActionKeyPromoted, noon)))
		two.State, two.ActivatedAt = store.KeyActive, noon
		again := key("one", 2)
		f.changesKeys(store.ActionKeyAdded, func(e store.Event) error { return f.store.AddSigningKey(f.ctx, again, e) })
		equal(f, "keys", f.keys(), []store.SigningKey{two, again})
		f.ok("retire", f.store.RetireSigningKey(f.ctx, "one", event(store.ActionKeyRetired, noon)))
		again.State = store.KeyActive
		f.publishes("what is refused", func() {
			f.is("a second active", f.store.AddSigningKey(f.ctx, again, event(store.ActionKeyAdded, noon)), store.ErrConflict)
		})
		again.State, again.RetiredAt, again.VerifyUntil = store.KeyRetired, noon, noon
		equal(f, "keys after a refusal", f.keys(), []store.SigningKey{two, again})
	}},
	{"burning leaves one key, be it there or not", func(f *fixture) {
		active, next, fresh := key("active", 0), key("next", 1), key("fresh", 2)
		active.State, active.ActivatedAt = store.KeyActive, noon
		for _, k := range []store.SigningKey{active, next} {
			f.ok("add", f.store.AddSigningKey(f.ctx, k, event(store.ActionKeyAdded, noon)))
		}
		f.changesKeys(store.ActionKeysBurned, func(e store.Event) error {
			n, err := f.store.BurnSigningKeys(f.ctx, next, e)
			equal(f, "burned", n, 1)
			return err
		})
		next.State, next.ActivatedAt = store.KeyActive, changed
		equal(f, "keys", f.keys(), []store.SigningKey{next})
		f.changesKeys(store.ActionKeysBurned, func(e store.Event) error {
			n, err := f.store.BurnSigningKeys(f.ctx, fresh, e)
			equal(f, "burned", n, 1)
			return err
		})
		fresh.State, fresh.ActivatedAt = store.KeyActive, changed
		equal(f, "keys", f.keys(), []store.SigningKey{fresh})
	}},
	{"a private part is replaced only when it is the one that was read", func(f *fixture) {
		k := key("one", 0)
		f.ok("add", f.store.AddSigningKey(f.ctx, k, event(store.ActionKeyAdded, noon)))
		f.changesKeys(store.ActionKeysResealed, func(e store.Event) error {
			n, err := f.store.ResealSigningKeys(f.ctx, []store.ResealedKey{
				{ID: "one", From: k.SealedBy, Sealed: []byte("again"), SealedBy: "another"},
				{ID: "one", From: k.SealedBy, Sealed: []byte("late"), SealedBy: "third"},
				{ID: "none", From: k.SealedBy, Sealed: []byte("none"), SealedBy: "another"},
			}, e)
			equal(f, "resealed", n, 1)
			return err
		})
		k.Sealed, k.SealedBy = []byte("again"), "another"
		equal(f, "keys", f.keys(), []store.SigningKey{k})
	}},
	{"of many who promote at once one does", func(f *fixture) {
		active, next := key("active", 0), key("next", 1)
		active.State, active.ActivatedAt = store.KeyActive, noon
		for _, k := range []store.SigningKey{active, next} {
			f.ok("add", f.store.AddSigningKey(f.ctx, k, event(store.ActionKeyAdded, noon)))
		}
		var mu sync.Mutex
		promoted := 0
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				err := f.store.PromoteSigningKey(f.ctx, "next", noon, event(store.ActionKeyPromoted, changed))
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					promoted++
				} else if !errors.Is(err, store.ErrNotFound) {
					f.Errorf("promote: %v", err)
				}
			})
		}
		all.Wait()
		equal(f, "promoted", promoted, 1)
		keys := f.keys()
		equal(f, "states", []store.KeyState{keys[0].State, keys[1].State}, []store.KeyState{store.KeyRetired, store.KeyActive})
	}},
}

// changed is the instant at which the cases change a key.
var changed = noon.Add(time.Minute)

// key returns a key in state next, created this long after noon.
func key(id string, minutes time.Duration) store.SigningKey {
	return store.SigningKey{
		ID: id, Algorithm: "EdDSA", State: store.KeyNext, CreatedAt: noon.Add(minutes * time.Minute),
		Public: []byte("public " + id), Sealed: sealed(id), SealedBy: "secret",
	}
}

func (f *fixture) keys() []store.SigningKey {
	f.Helper()
	keys, err := f.store.SigningKeys(f.ctx)
	f.ok("read signing keys", err)
	return keys
}

// changesKeys checks that do succeeds, publishes a change of the keys, and writes
// its event.
func (f *fixture) changesKeys(action store.Action, do func(store.Event) error) {
	f.Helper()
	e := event(action, changed)
	f.publishes(string(action), func() {
		f.writes(string(action), func() { f.ok(string(action), do(e)) }, e)
	}, store.Revocation{Keys: true, At: changed})
}
