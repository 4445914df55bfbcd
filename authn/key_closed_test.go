package authn

import (
	"errors"
	"testing"

	"github.com/authctl/authctl/store"
)

func TestAKeyThatOnlyThisServerCannotOpenIsNoFaultOfTheToken(t *testing.T) {
	t.Parallel()
	onBoth(t, signsWith(AlgorithmEdDSA), func(t *testing.T, f *fixture) {
		f.serves(t, "one")
		f.register(t, "alice")
		g := f.signIn(t, "alice")
		other := f.beside(t, func(c *Config) { c.Secret, c.Algorithm = newSecret, AlgorithmEdDSA })
		if err := other.Keys.Read(f.ctx); err != nil {
			t.Fatal(err)
		}
		if err := other.Cluster.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := other.Verify(g.AccessToken); err != nil {
			t.Errorf("to verify takes the public key only: %v", err)
		}
		for what, err := range map[string]error{
			"readiness": other.Keys.CanSign(),
			"login":     errorOf(other.Login(f.ctx, visitor, Account{Username: "alice", Password: goodPassword}, "")),
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
		token, _, err := a.issue(store.User{Username: "alice"}, testSession, "", issuedAt)
		if err != nil {
			t.Fatal(err)
		}
		a.ring.Store(newKeyring([]store.SigningKey{row}, []keySecret{newKeySecret(newSecret)}, nil))
		_, err = a.verify(token, issuedAt)
		wantCode(t, string(state), err, want)
	}
}

func errorOf[T any](_ T, err error) error { return err }

func TestSealedKeysAreSealedAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, signsWith(AlgorithmEdDSA), func(t *testing.T, f *fixture) {
		f.serves(t, "one")
		f.register(t, "alice")
		g := f.signIn(t, "alice")
		rotated := f.rotate(t)
		if err := f.Cluster.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
		cli := f.beside(t, func(c *Config) {
			c.Secret, c.PreviousSecrets, c.Algorithm = newSecret, []string{testSecret}, AlgorithmEdDSA
		})
		stranger := f.beside(t, func(c *Config) { c.Secret, c.Algorithm = newSecret, AlgorithmEdDSA })
		if n, closed, err := stranger.Keys.Reseal(f.ctx, operator, false); err != nil || n != 0 || len(closed) != 2 {
			t.Errorf("without the previous secret: %d, %q, %v", n, closed, err)
		}
		if n, closed, err := cli.Keys.Reseal(f.ctx, operator, true); err != nil || n != 2 || len(closed) != 0 {
			t.Errorf("a dry run: %d, %q, %v", n, closed, err)
		}
		if err := stranger.Keys.Open(f.ctx, operator); !errors.Is(err, ErrKeyClosed) {
			t.Errorf("open before: %v", err)
		}
		for _, want := range []int{2, 0} {
			if n, closed, err := cli.Keys.Reseal(f.ctx, operator, false); err != nil || n != want || len(closed) != 0 {
				t.Errorf("reseal: %d, %q, %v; want %d", n, closed, err, want)
			}
		}
		if err := stranger.Keys.Open(f.ctx, operator); err != nil || stranger.Keys.SigningID() != rotated.ID {
			t.Errorf("open after: %v", err)
		}
		if err := f.Cluster.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
		if again := f.refreshed(t, g.RefreshToken); verifyError(f, again) != nil {
			t.Error("the server that runs has lost the key")
		}
	})
}
