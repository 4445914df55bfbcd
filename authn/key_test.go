package authn

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const newSecret = "5f2d1c0b9a8f7e6d5c4b3a29180706f5e4d3c2b1a09f8e7d6c5b4a3928170605"

var operator = Actor{Name: "cli:root"}

func signsWith(algorithm string) func(*Config) {
	return func(c *Config) { c.Algorithm = algorithm }
}

// serves makes f a server, as serve does, until the test ends or leave is called.
func (f *fixture) serves(t *testing.T, name string) (leave func()) {
	t.Helper()
	if err := f.Keys.Open(f.ctx, Actor{Name: name}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(f.ctx)
	left, err := f.Cluster.Join(ctx, store.Node{ID: uuid.New(), Name: name}, func(e FollowEvent, err error) {
		if e != KeyPromoted && e != KeyClosed {
			t.Errorf("%s: %s: %v", name, e, err)
		}
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	leave = func() { once.Do(func() { cancel(); left() }) }
	t.Cleanup(leave)
	return leave
}

// beside returns another process on the same store and clock.
func (f *fixture) beside(t *testing.T, configure func(*Config)) *fixture {
	t.Helper()
	return newFixture(t, f.store, func(c *Config) {
		c.Now = f.now
		if configure != nil {
			configure(c)
		}
	})
}

// wantStates requires keys of these algorithms and states, in any order.
func (f *fixture) wantStates(t *testing.T, want ...string) {
	t.Helper()
	keys, err := f.Keys.List(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range keys {
		got = append(got, k.Algorithm+" "+string(k.State))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("keys: got %q, want %q", got, want)
	}
}

func (f *fixture) rotate(t *testing.T) Key {
	t.Helper()
	next, err := f.Keys.Next(f.ctx, operator)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Keys.Promote(f.ctx, operator, next.ID); err != nil {
		t.Fatal(err)
	}
	return next
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("still not so: %s", what)
		}
	}
}

func TestARotatedKeyVerifiesUntilItsTokensAreDead(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{AlgorithmEdDSA, AlgorithmES256, AlgorithmRS256} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			onBoth(t, signsWith(algorithm), func(t *testing.T, f *fixture) {
				f.serves(t, "one")
				f.register(t, "alice")
				before := f.signIn(t, "alice")
				old := f.Keys.SigningID()
				f.advance(time.Second) // keys are listed in their order
				next, err := f.Keys.Next(f.ctx, operator)
				if err != nil {
					t.Fatal(err)
				}
				until(t, "the server holds the key", func() bool {
					reach, err := f.Cluster.AwaitKey(f.ctx, next.ID, time.Second)
					return err == nil && len(reach.Nodes) == 1 && len(reach.Missing) == 0
				})
				if got := f.Keys.Public().Keys; len(got) != 2 || got[0].KeyID != old || got[1].KeyID != next.ID {
					t.Errorf("published: %+v, want %s and %s", got, old, next.ID)
				}
				if got := f.Keys.SigningID(); got != old {
					t.Errorf("%s signs before it is promoted", got)
				}
				if err := f.Keys.Promote(f.ctx, operator, next.ID); err != nil {
					t.Fatal(err)
				}
				until(t, "the new key signs", func() bool { return f.Keys.SigningID() == next.ID })
				after := f.signIn(t, "alice")
				for what, g := range map[string]Grant{"before": before, "after": after} {
					if _, err := f.Verify(g.AccessToken); err != nil {
						t.Errorf("a token from %s: %v", what, err)
					}
				}
				f.wantStates(t, algorithm+" retired", algorithm+" active")

				f.advance(15*time.Minute + clockSkew + f.Cluster.staleness - time.Second)
				if n := len(f.Keys.Public().Keys); n != 2 {
					t.Errorf("%d keys are published while the old one may verify, want 2", n)
				}
				f.advance(time.Second)
				if _, err := f.Verify(before.AccessToken); CodeOf(err) != CodeUnauthenticated {
					t.Errorf("a token of a key that is over: %v", err)
				}
				if got := f.Keys.Public().Keys; len(got) != 1 || got[0].KeyID != next.ID {
					t.Errorf("published: %+v, want %s only", got, next.ID)
				}
				f.advance(time.Second)
				if err := f.Forget(f.ctx); err != nil {
					t.Fatal(err)
				}
				f.wantStates(t, algorithm+" active")
			})
		})
	}
}

func TestARemovedKeyVerifiesNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, signsWith(AlgorithmES256), func(t *testing.T, f *fixture) {
		if err := errors.Join(f.Keys.Open(f.ctx, operator), f.Cluster.Sync(f.ctx)); err != nil {
			t.Fatal(err)
		}
		f.register(t, "alice")
		g, old := f.signIn(t, "alice"), f.Keys.SigningID()
		wantCode(t, "remove the active key", f.Keys.Remove(f.ctx, operator, old), CodeKeyNotFound)
		f.rotate(t)
		if err := f.Cluster.Sync(f.ctx); err != nil || verifyError(f, g) != nil {
			t.Fatalf("a token of the key before: %v, %v", err, verifyError(f, g))
		}
		if err := errors.Join(f.Keys.Remove(f.ctx, operator, old), f.Cluster.Sync(f.ctx)); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "a token of the removed key", verifyError(f, g), CodeUnauthenticated)
		if next, err := f.Keys.Next(f.ctx, operator); err != nil || f.Keys.Retire(f.ctx, operator, next.ID) != nil {
			t.Errorf("give a key up: %v", err)
		}
		wantCode(t, "promote it after all", f.Keys.Promote(f.ctx, operator, f.Keys.SigningID()), CodeKeyNotFound)
	})
}

func TestAKeyVerifiesForAsLongAsTheTokensOfServersLiveWhoeverPromotesTheNext(t *testing.T) {
	t.Parallel()
	onBoth(t, signsWith(AlgorithmEdDSA), func(t *testing.T, f *fixture) {
		f.serves(t, "one")
		cli := f.beside(t, func(c *Config) {
			c.Algorithm, c.AccessTTL, c.MaxStaleness = AlgorithmEdDSA, time.Minute, 5*time.Second
		})
		f.advance(time.Second) // keys are listed in their order
		cli.rotate(t)
		keys, err := f.Keys.List(f.ctx)
		if err != nil {
			t.Fatal(err)
		}
		want := f.now().Add(15*time.Minute + clockSkew + f.Cluster.staleness)
		if k := keys[0]; k.State != store.KeyRetired || !k.VerifyUntil.Equal(want) {
			t.Errorf("it is %s and verifies until %s, want retired and %s", k.State, k.VerifyUntil, want)
		}
	})
}

func TestABurnedKeyVerifiesNothingOnAnyServer(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{AlgorithmHS256, AlgorithmEdDSA} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			onBoth(t, signsWith(algorithm), func(t *testing.T, f *fixture) {
				knows := func(c *Config) { c.Secret, c.PreviousSecrets, c.Algorithm = newSecret, []string{testSecret}, algorithm }
				f.serves(t, "one")
				two := f.beside(t, knows)
				two.serves(t, "two")
				f.register(t, "alice")
				g := f.signIn(t, "alice")
				for range 2 { // the second time it is remembered
					if _, err := two.Verify(g.AccessToken); err != nil {
						t.Fatal(err)
					}
				}
				cli := f.beside(t, knows)
				id, burned, err := cli.Keys.Burn(f.ctx, Actor{Name: "cli:root", Reason: "leaked"})
				if err != nil || burned == 0 {
					t.Fatalf("%d burned, %v", burned, err)
				}
				reach, err := cli.Cluster.AwaitRevocations(f.ctx, 30*time.Second)
				if err != nil || len(reach.Nodes) != 2 || len(reach.Missing) != 0 {
					t.Fatalf("got %+v, %v", reach, err)
				}
				for what, server := range map[string]*fixture{"one": f, "two": two} {
					_, err := server.Verify(g.AccessToken)
					wantCode(t, "verify on "+what, err, CodeUnauthenticated)
				}
				again, err := two.Refresh(f.ctx, visitor, g.RefreshToken)
				if err != nil {
					t.Fatalf("the session is over: %v", err)
				}
				if _, err := two.Verify(again.AccessToken); err != nil || two.Keys.SigningID() != id {
					t.Errorf("after a refresh: %v", err)
				}
				want := Code("")
				if algorithm == AlgorithmHS256 {
					want = CodeUnavailable // one does not know the new secret
				}
				_, err = f.Verify(again.AccessToken)
				wantCode(t, "the new token on one", err, want)
				f.wantStates(t, algorithm+" active")
				_, _, err = f.Keys.Burn(f.ctx, operator)
				if algorithm == AlgorithmHS256 && err != nil {
					t.Errorf("back to the other secret: %v", err)
				}
			})
		})
	}
}
