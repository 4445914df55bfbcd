package authn

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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

// serves makes a server of f, as serve does, until the test ends or leave is called.
func (f *fixture) serves(t *testing.T, name string) (leave func()) {
	t.Helper()
	if err := f.OpenKeys(f.ctx, Actor{Name: name}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(f.ctx)
	left, err := f.Join(ctx, store.Node{ID: uuid.New(), Name: name}, func(e FollowEvent, err error) {
		if e != KeyPromoted && e != KeyClosed {
			t.Errorf("%s: %s: %v", name, e, err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	leave = func() { once.Do(func() { cancel(); left() }) }
	t.Cleanup(leave)
	return leave
}

// beside is another process on the same store and clock.
func (f *fixture) beside(t *testing.T, configure func(*Config)) *fixture {
	t.Helper()
	return newFixture(t, f.store, func(c *Config) {
		c.Now = f.now
		if configure != nil {
			configure(c)
		}
	})
}

// states tells the algorithms and states of all keys, the oldest first.
func (f *fixture) states(t *testing.T) string {
	t.Helper()
	keys, err := f.Keys(f.ctx)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, k := range keys {
		all = append(all, k.Algorithm+" "+string(k.State))
	}
	return strings.Join(all, ", ")
}

func (f *fixture) wantStates(t *testing.T, want string) {
	t.Helper()
	if got := f.states(t); got != want {
		t.Errorf("keys: got %q, want %q", got, want)
	}
}

func (f *fixture) rotate(t *testing.T) Key {
	t.Helper()
	next, err := f.NextKey(f.ctx, operator)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.PromoteKey(f.ctx, operator, next.ID); err != nil {
		t.Fatal(err)
	}
	return next
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !holds(); time.Sleep(time.Millisecond) {
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
				old := f.KeyID()
				f.advance(time.Second) // keys are listed in their order
				next, err := f.NextKey(f.ctx, operator)
				if err != nil {
					t.Fatal(err)
				}
				until(t, "the server holds the key", func() bool {
					reach, err := f.AwaitKey(f.ctx, next.ID, time.Second)
					return err == nil && len(reach.Nodes) == 1 && len(reach.Missing) == 0
				})
				if got := f.PublicKeys().Keys; len(got) != 2 || got[0].KeyID != old || got[1].KeyID != next.ID {
					t.Errorf("published: %+v, want %s and %s", got, old, next.ID)
				}
				if got := f.KeyID(); got != old {
					t.Errorf("%s signs before it is promoted", got)
				}
				if err := f.PromoteKey(f.ctx, operator, next.ID); err != nil {
					t.Fatal(err)
				}
				until(t, "the new key signs", func() bool { return f.KeyID() == next.ID })
				after := f.signIn(t, "alice")
				for what, g := range map[string]Grant{"before": before, "after": after} {
					if _, err := f.Verify(g.AccessToken); err != nil {
						t.Errorf("a token from %s: %v", what, err)
					}
				}
				f.wantStates(t, algorithm+" retired, "+algorithm+" active")

				f.advance(15*time.Minute + clockSkew + f.staleness - time.Second)
				if n := len(f.PublicKeys().Keys); n != 2 {
					t.Errorf("%d keys are published while the old one may verify, want 2", n)
				}
				f.advance(time.Second)
				if _, err := f.Verify(before.AccessToken); CodeOf(err) != CodeUnauthenticated {
					t.Errorf("a token of a key that is over: %v", err)
				}
				if got := f.PublicKeys().Keys; len(got) != 1 || got[0].KeyID != next.ID {
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
				id, burned, err := cli.BurnKeys(f.ctx, Actor{Name: "cli:root", Reason: "leaked"})
				if err != nil || burned == 0 {
					t.Fatalf("%d burned, %v", burned, err)
				}
				reach, err := cli.AwaitNodes(f.ctx, 30*time.Second)
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
				if _, err := two.Verify(again.AccessToken); err != nil || two.KeyID() != id {
					t.Errorf("after a refresh: %v", err)
				}
				want := Code("")
				if algorithm == AlgorithmHS256 {
					want = CodeUnavailable // one does not know the new secret
				}
				_, err = f.Verify(again.AccessToken)
				wantCode(t, "the new token on one", err, want)
				f.wantStates(t, algorithm+" active")
				_, _, err = f.BurnKeys(f.ctx, operator)
				if algorithm == AlgorithmHS256 && err != nil {
					t.Errorf("back to the other secret: %v", err)
				}
			})
		})
	}
}

func TestHS256IsRotatedByItsSecret(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		leave := f.serves(t, "one")
		f.register(t, "alice")
		before := f.signIn(t, "alice")
		if _, err := f.NextKey(f.ctx, operator); !errors.Is(err, ErrSecretInUse) {
			t.Errorf("rotate to the secret in use: %v, want %v", err, ErrSecretInUse)
		}
		if _, _, err := f.BurnKeys(f.ctx, operator); !errors.Is(err, ErrSecretInUse) {
			t.Errorf("burn the secret in use: %v, want %v", err, ErrSecretInUse)
		}
		stranger := f.beside(t, func(c *Config) { c.Secret = newSecret })
		if err := stranger.OpenKeys(f.ctx, operator); !errors.Is(err, ErrKeyClosed) {
			t.Errorf("a server with another secret and not the previous one: %v, want %v", err, ErrKeyClosed)
		}
		f.wantStates(t, "HS256 active")

		two := f.beside(t, func(c *Config) { c.Secret, c.PreviousSecrets = newSecret, []string{testSecret} })
		two.serves(t, "two")
		f.wantStates(t, "HS256 active, HS256 next")
		between := two.signIn(t, "alice")
		for _, g := range []Grant{before, between} {
			for what, server := range map[string]*fixture{"one": f, "two": two} {
				if _, err := server.Verify(g.AccessToken); err != nil {
					t.Errorf("on %s: %v", what, err)
				}
			}
		}
		leave()
		until(t, "the new secret signs", func() bool { return two.KeyID() == newKeySecret(newSecret).id })
		f.wantStates(t, "HS256 retired, HS256 active")
		if _, err := two.Verify(before.AccessToken); err != nil {
			t.Errorf("a token of the previous secret: %v", err)
		}
		if set := two.PublicKeys(); len(set.Keys) != 0 {
			t.Errorf("secrets are published: %+v", set)
		}
	})
}

func TestTheAlgorithmChangesWithTheConfiguration(t *testing.T) {
	t.Parallel()
	f := newFixture(t, openSQLite(t), nil)
	leave := f.serves(t, "one")
	f.register(t, "alice")
	g := f.signIn(t, "alice")
	two := f.beside(t, signsWith(AlgorithmEdDSA))
	two.serves(t, "two")
	f.wantStates(t, "HS256 active, EdDSA next")
	leave()
	f.advance(JWKSMaxAge)
	until(t, "the new algorithm signs", func() bool {
		i := two.access.ring.Load().active
		return i.Algorithm == AlgorithmEdDSA
	})
	if _, err := two.Verify(g.AccessToken); err != nil {
		t.Errorf("a token from before: %v", err)
	}
	alone := f.beside(t, signsWith(AlgorithmES256))
	if err := alone.PromoteKey(f.ctx, operator, "none"); CodeOf(err) != CodeKeyNotFound {
		t.Errorf("promote no key: %v", err)
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
				if err := s.OpenKeys(f.ctx, operator); err != nil {
					t.Error(err)
				}
				ids[i] = s.KeyID()
			})
		}
		running.Wait()
		if len(slices.Compact(ids)) != 1 || ids[0] == "" {
			t.Errorf("they sign with %q", ids)
		}
		f.wantStates(t, "EdDSA active")
	})
}

func TestAKeyThatOnlyThisServerCannotOpenIsNoFaultOfTheToken(t *testing.T) {
	t.Parallel()
	onBoth(t, signsWith(AlgorithmEdDSA), func(t *testing.T, f *fixture) {
		f.serves(t, "one")
		f.register(t, "alice")
		g := f.signIn(t, "alice")
		other := f.beside(t, func(c *Config) { c.Secret, c.Algorithm = newSecret, AlgorithmEdDSA })
		if err := other.ReadKeys(f.ctx); err != nil {
			t.Fatal(err)
		}
		if err := other.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := other.Verify(g.AccessToken); err != nil {
			t.Errorf("to verify takes the public key only: %v", err)
		}
		for what, err := range map[string]error{
			"readiness": other.CanSign(),
			"login":     errorOf(other.Login(f.ctx, visitor, Account{"alice", goodPassword}, "")),
			"refresh":   errorOf(other.Refresh(f.ctx, visitor, g.RefreshToken)),
		} {
			wantCode(t, what, err, CodeUnavailable)
		}
		if _, err := f.Refresh(f.ctx, visitor, g.RefreshToken); err != nil {
			t.Errorf("the refused refresh has used the token up: %v", err)
		}
	})
}

func TestATokenOfAClosedKeyWaitsOnlyForTheActiveOne(t *testing.T) {
	t.Parallel()
	for state, want := range map[store.KeyState]Code{store.KeyActive: CodeUnavailable, store.KeyRetired: CodeUnauthenticated} {
		row := secretKey(newKeySecret(testSecret), issuedAt)
		row.State = state
		a := newTestAccessTokens()
		token, _, err := a.issue("alice", testSession, issuedAt)
		if err != nil {
			t.Fatal(err)
		}
		a.ring.Store(newKeyring([]store.SigningKey{row}, []keySecret{newKeySecret(newSecret)}, nil))
		_, err = a.verify(token, issuedAt)
		wantCode(t, string(state), err, want)
	}
}

func errorOf(_ Grant, err error) error { return err }

func TestSealedKeysAreSealedAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, signsWith(AlgorithmEdDSA), func(t *testing.T, f *fixture) {
		f.serves(t, "one")
		f.register(t, "alice")
		g := f.signIn(t, "alice")
		rotated := f.rotate(t)
		if err := f.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
		cli := f.beside(t, func(c *Config) {
			c.Secret, c.PreviousSecrets, c.Algorithm = newSecret, []string{testSecret}, AlgorithmEdDSA
		})
		stranger := f.beside(t, func(c *Config) { c.Secret, c.Algorithm = newSecret, AlgorithmEdDSA })
		if n, closed, err := stranger.ResealKeys(f.ctx, operator, false); err != nil || n != 0 || len(closed) != 2 {
			t.Errorf("without the previous secret: %d, %q, %v", n, closed, err)
		}
		if n, closed, err := cli.ResealKeys(f.ctx, operator, true); err != nil || n != 2 || len(closed) != 0 {
			t.Errorf("a dry run: %d, %q, %v", n, closed, err)
		}
		if err := stranger.OpenKeys(f.ctx, operator); !errors.Is(err, ErrKeyClosed) {
			t.Errorf("open before: %v", err)
		}
		for _, want := range []int{2, 0} {
			if n, closed, err := cli.ResealKeys(f.ctx, operator, false); err != nil || n != want || len(closed) != 0 {
				t.Errorf("reseal: %d, %q, %v; want %d", n, closed, err, want)
			}
		}
		if err := stranger.OpenKeys(f.ctx, operator); err != nil || stranger.KeyID() != rotated.ID {
			t.Errorf("open after: %v", err)
		}
		if err := f.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
		if again := f.refreshed(t, g.RefreshToken); verifyError(f, again) != nil {
			t.Error("the server that runs has lost the key")
		}
	})
}

// keyReads counts the readings of the keys, and can hold them up after they have read.
type keyReads struct {
	store.Store
	n     atomic.Int64
	fail  atomic.Bool
	after atomic.Pointer[func()] // called once
}

func (s *keyReads) SigningKeys(ctx context.Context) ([]store.SigningKey, error) {
	s.n.Add(1)
	if s.fail.Load() {
		return nil, store.ErrUnavailable
	}
	keys, err := s.Store.SigningKeys(ctx)
	if after := s.after.Swap(nil); after != nil {
		(*after)()
	}
	return keys, err
}

func TestAnUnknownKeyMakesAServerLookOnce(t *testing.T) {
	t.Parallel()
	st := &keyReads{Store: openSQLite(t)}
	f := newFixture(t, st.Store, signsWith(AlgorithmEdDSA))
	deaf := newFixture(t, st, signsWith(AlgorithmEdDSA)) // hears of nothing
	for _, s := range []*fixture{f, deaf} {
		if err := errors.Join(s.OpenKeys(f.ctx, operator), s.Sync(f.ctx)); err != nil {
			t.Fatal(err)
		}
	}
	f.register(t, "alice")
	f.rotate(t)
	if err := f.ReadKeys(f.ctx); err != nil {
		t.Fatal(err)
	}
	g := f.signIn(t, "alice")
	before := st.n.Load()
	if _, err := deaf.Verify(g.AccessToken); err != nil {
		t.Errorf("a token of a key that was made just now: %v", err)
	}
	rest := g.AccessToken[strings.IndexByte(g.AccessToken, '.')+1:]
	for range 1000 {
		_, err := deaf.Verify(tokenHeader(AlgorithmEdDSA, uuid.NewString()) + rest)
		wantCode(t, "a key that there is not", err, CodeUnauthenticated)
	}
	for _, header := range []string{`{"alg":"none","kid":"x","typ":"at+jwt"}`, `{"alg":"EdDSA","kid":"x","typ":"at+jwt","x":1}`, `{}`, strings.Repeat("x", 300)} {
		deaf.reading.ended = time.Time{} // it may look again
		_, err := deaf.Verify(encode(header) + "." + rest)
		wantCode(t, header, err, CodeUnauthenticated)
	}
	if got := st.n.Load() - before; got != 1 {
		t.Errorf("the database was asked %d times, want once", got)
	}
	st.fail.Store(true)
	_, err := deaf.Verify(tokenHeader(AlgorithmEdDSA, uuid.NewString()) + rest)
	wantCode(t, "nobody knows whether there is such a key", err, CodeUnavailable)
}

// TestAKeyThatIsBurnedDuringALookStaysBurned holds a look up that has read the keys
// from before.
func TestAKeyThatIsBurnedDuringALookStaysBurned(t *testing.T) {
	t.Parallel()
	st := &keyReads{Store: openSQLite(t)}
	f := newFixture(t, st, signsWith(AlgorithmEdDSA))
	if err := errors.Join(f.OpenKeys(f.ctx, operator), f.Sync(f.ctx)); err != nil {
		t.Fatal(err)
	}
	f.register(t, "alice")
	g := f.signIn(t, "alice")
	synced := make(chan error, 1)
	burn := func() {
		other := newFixture(t, st.Store, signsWith(AlgorithmEdDSA))
		if _, _, err := other.BurnKeys(f.ctx, operator); err != nil {
			t.Error(err)
		}
		reads := st.n.Load()
		go func() { synced <- f.Sync(f.ctx) }()
		for range 50 { // long enough for a reading that does not wait
			if st.n.Load() != reads {
				t.Error("two readings at once")
			}
			time.Sleep(time.Millisecond)
		}
	}
	st.after.Store(&burn)
	_, err := f.Verify(tokenHeader(AlgorithmEdDSA, "x") + "e30.AAAA")
	wantCode(t, "a key that there is not", err, CodeUnauthenticated)
	if err := <-synced; err != nil {
		t.Fatal(err)
	}
	wantCode(t, "a token of the burned key", verifyError(f, g), CodeUnauthenticated)
}

func TestSeenTokensAreBounded(t *testing.T) {
	t.Parallel()
	var s seenTokens
	s.add("first", claims{Username: "alice"})
	for i := range 3 * seenTokensMost {
		s.add(numbered(i).String(), claims{})
		if i%1000 == 0 {
			if c, ok := s.find("first"); !ok || c.Username != "alice" {
				t.Fatalf("a token in use is forgotten after %d others", i)
			}
		}
		if n := len(s.young) + len(s.old); n > 2*seenTokensMost {
			t.Fatalf("%d are held", n)
		}
	}
	if _, ok := s.find(numbered(1).String()); ok {
		t.Error("nothing is forgotten")
	}
}
