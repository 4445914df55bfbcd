package authn

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

func TestHS256IsRotatedByItsSecret(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		leave := f.serves(t, "one")
		f.register(t, "alice")
		before := f.signIn(t, "alice")
		if _, err := f.Keys.Next(f.ctx, operator); !errors.Is(err, ErrSecretInUse) {
			t.Errorf("rotate to the secret in use: %v, want %v", err, ErrSecretInUse)
		}
		if _, _, err := f.Keys.Burn(f.ctx, operator); !errors.Is(err, ErrSecretInUse) {
			t.Errorf("burn the secret in use: %v, want %v", err, ErrSecretInUse)
		}
		stranger := f.beside(t, func(c *Config) { c.Secret = newSecret })
		if err := stranger.Keys.Open(f.ctx, operator); !errors.Is(err, ErrKeyClosed) {
			t.Errorf("a server with another secret and not the previous one: %v, want %v", err, ErrKeyClosed)
		}
		f.wantStates(t, "HS256 active")

		two := f.beside(t, func(c *Config) { c.Secret, c.PreviousSecrets = newSecret, []string{testSecret} })
		two.serves(t, "two")
		f.wantStates(t, "HS256 active", "HS256 next")
		between := two.signIn(t, "alice")
		for _, g := range []Grant{before, between} {
			for what, server := range map[string]*fixture{"one": f, "two": two} {
				if _, err := server.Verify(g.AccessToken); err != nil {
					t.Errorf("on %s: %v", what, err)
				}
			}
		}
		leave()
		until(t, "the new secret signs", func() bool { return two.Keys.SigningID() == newKeySecret(newSecret).id })
		f.wantStates(t, "HS256 retired", "HS256 active")
		if _, err := two.Verify(before.AccessToken); err != nil {
			t.Errorf("a token of the previous secret: %v", err)
		}
		if set := two.Keys.Public(); len(set.Keys) != 0 {
			t.Errorf("secrets are published: %+v", set)
		}
	})
}

func TestTheAlgorithmChangesWithTheConfiguration(t *testing.T) {
	t.Parallel()
	f := newFixture(t, openSQLite(t), nil)
	leave := f.serves(t, "one")
	f.register(t, "alice")
	two := f.beside(t, signsWith(AlgorithmEdDSA))
	two.serves(t, "two")
	f.wantStates(t, "HS256 active", "EdDSA next")
	leave()
	f.advance(PublishedFor - time.Minute)
	f.wantStates(t, "HS256 active", "EdDSA next")
	g := two.signIn(t, "alice")
	f.advance(time.Minute)
	until(t, "the new algorithm signs", func() bool {
		i := two.access.ring.Load().active
		return i.Algorithm == AlgorithmEdDSA
	})
	if _, err := two.Verify(g.AccessToken); err != nil {
		t.Errorf("a token from before: %v", err)
	}
	alone := f.beside(t, signsWith(AlgorithmES256))
	if err := alone.Keys.Promote(f.ctx, operator, "none"); CodeOf(err) != CodeKeyNotFound {
		t.Errorf("promote no key: %v", err)
	}
}

// TestANextKeyThatNobodyConfiguredIsNotRotatedTo: a change of the algorithm was abandoned
// halfway.
func TestANextKeyThatNobodyConfiguredIsNotRotatedTo(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.serves(t, "one")
		f.beside(t, signsWith(AlgorithmEdDSA)).serves(t, "two")
		f.wantStates(t, "HS256 active", "EdDSA next")
		cli := f.beside(t, func(c *Config) { c.Secret, c.PreviousSecrets = newSecret, []string{testSecret} })
		if _, err := cli.Keys.Next(f.ctx, operator); !errors.Is(err, ErrAnotherNext) {
			t.Errorf("got %v, want %v", err, ErrAnotherNext)
		}
		keys, err := cli.Keys.List(f.ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range keys {
			if k.State == store.KeyNext {
				wantCode(t, "give it up", cli.Keys.Retire(f.ctx, operator, k.ID), "")
			}
		}
		if next, err := cli.Keys.Next(f.ctx, operator); err != nil || next.ID != newKeySecret(newSecret).id {
			t.Errorf("got %+v, %v", next, err)
		}
	})
}

// TestASecretThatIsReplacedBeforeItSignedIsPassedOver: two servers receive a second new secret
// while the key of the first is next, as happens when both were written to Vault in short
// order.
func TestASecretThatIsReplacedBeforeItSignedIsPassedOver(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.serves(t, "one")
		f.register(t, "alice")
		g := f.signIn(t, "alice")
		two := f.beside(t, func(c *Config) { c.Secret, c.PreviousSecrets = newSecret, []string{testSecret} })
		two.serves(t, "two")
		f.wantStates(t, "HS256 active", "HS256 next")
		latest := testConfig()
		latest.Secret, latest.PreviousSecrets = "c7a1f3e5092b4d6880fedcb9d3a5718264f0e2b1a9c8d7e6f5a4b3c2d1e0f918", []string{newSecret, testSecret}
		for what, server := range map[string]*fixture{"one": f, "two": two} {
			if err := errors.Join(server.Reconfigure(f.ctx, latest), server.Keys.Open(f.ctx, operator)); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
		}
		id := newKeySecret(latest.Secret).id
		until(t, "the latest secret signs on both", func() bool { return f.Keys.SigningID() == id && two.Keys.SigningID() == id })
		if err := errors.Join(verifyError(f, g), verifyError(two, g)); err != nil {
			t.Errorf("a token from before: %v", err)
		}
	})
}

// TestAKeyThatWasRetiredIsTakenUpAgain reverts a change of the algorithm, and one of the
// secret, before the earlier key is deleted.
func TestAKeyThatWasRetiredIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(*Config){
		"algorithm": signsWith(AlgorithmEdDSA),
		"secret":    func(c *Config) { c.Secret, c.PreviousSecrets = newSecret, []string{testSecret} },
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			onBoth(t, nil, func(t *testing.T, f *fixture) {
				f.serves(t, "before")()
				f.register(t, "alice")
				g, before := f.signIn(t, "alice"), f.Keys.SigningID()
				changed := f.beside(t, change)
				leave := changed.serves(t, "changed")
				between := changed.signIn(t, "alice")
				back := f.beside(t, func(c *Config) { c.PreviousSecrets = []string{newSecret} })
				back.serves(t, "back")
				leave()
				until(t, "the key from before signs", func() bool { return back.Keys.SigningID() == before })
				for what, g := range map[string]Grant{"before": g, "between": between} {
					if err := verifyError(back, g); err != nil {
						t.Errorf("a token from %s: %v", what, err)
					}
				}
			})
		})
	}
}

func TestServersThatStartAtOnceShareOneKey(t *testing.T) {
	t.Parallel()
	onBoth(t, signsWith(AlgorithmEdDSA), func(t *testing.T, f *fixture) {
		var running sync.WaitGroup
		ids := make([]string, 8)
		for i := range ids {
			s := f.beside(t, signsWith(AlgorithmEdDSA))
			running.Go(func() {
				if err := s.Keys.Open(f.ctx, operator); err != nil {
					t.Error(err)
				}
				ids[i] = s.Keys.SigningID()
			})
		}
		running.Wait()
		if len(slices.Compact(ids)) != 1 || ids[0] == "" {
			t.Errorf("they sign with %q", ids)
		}
		f.wantStates(t, "EdDSA active")
	})
}
