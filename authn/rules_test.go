package authn

import (
	"errors"
	"sync"
	"testing"
	"time"
)

func TestSecretsChangeWhileTheServiceRuns(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.serves(t, "one")
		f.register(t, "alice")
		before := f.signIn(t, "alice")
		cfg := testConfig()
		cfg.Secret = newSecret
		if err := f.Reconfigure(f.ctx, cfg); !errors.Is(err, ErrKeyClosed) {
			t.Errorf("without the secret before: %v, want %v", err, ErrKeyClosed)
		}
		cfg.Secret = "changeme"
		if err := f.Reconfigure(f.ctx, cfg); err == nil {
			t.Error("a weak secret is taken")
		}
		if again := f.refreshed(t, before.RefreshToken); verifyError(f, again) != nil {
			t.Error("what was refused has changed something")
		}
		cfg.Secret, cfg.PreviousSecrets = newSecret, []string{testSecret}
		if err := errors.Join(f.Reconfigure(f.ctx, cfg), f.Keys.Open(f.ctx, operator)); err != nil {
			t.Fatal(err)
		}
		until(t, "the new secret signs", func() bool { return f.Keys.SigningID() == newKeySecret(newSecret).id })
		after := f.signIn(t, "alice")
		for what, g := range map[string]Grant{"before": before, "after": after} {
			if err := verifyError(f, g); err != nil {
				t.Errorf("a token from %s: %v", what, err)
			}
		}
		cfg.PreviousSecrets = nil
		if err := f.Reconfigure(f.ctx, cfg); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "a token of a secret that was taken away", verifyError(f, before), CodeUnauthenticated)
		if err := verifyError(f, after); err != nil {
			t.Error(err)
		}
	})
}

// TestANodeMakesKnownThatItCanSignWithAnotherKey: there is no new entry in the feed meanwhile.
func TestANodeMakesKnownThatItCanSignWithAnotherKey(t *testing.T) {
	t.Parallel()
	patient := func(c *Config) { c.MaxStaleness = 10 * time.Minute } // a sixth of that is longer than the test
	f := newFixture(t, openSQLite(t), patient)
	f.serves(t, "one")
	two := f.beside(t, func(c *Config) {
		patient(c)
		c.Secret, c.PreviousSecrets = newSecret, []string{testSecret}
	})
	if err := two.Keys.Open(f.ctx, operator); err != nil {
		t.Fatal(err)
	}
	if reach, err := f.Cluster.AwaitRevocations(f.ctx, 30*time.Second); err != nil || len(reach.Missing) != 0 {
		t.Fatalf("got %+v, %v", reach, err)
	}
	cfg := testConfig()
	patient(&cfg)
	cfg.PreviousSecrets = []string{newSecret}
	if err := f.Reconfigure(f.ctx, cfg); err != nil {
		t.Fatal(err)
	}
	if reach, err := f.Cluster.AwaitKey(f.ctx, newKeySecret(newSecret).id, 30*time.Second); err != nil || len(reach.Nodes) != 1 || len(reach.Missing) != 0 {
		t.Errorf("got %+v, %v", reach, err)
	}
}

func TestRulesChangeWhileTheServiceRuns(t *testing.T) {
	t.Parallel()
	f := newFixture(t, openSQLite(t), nil)
	f.register(t, "alice")
	hashes := f.HashStats().Run
	cfg := testConfig()
	cfg.Argon2.Memory *= 2
	cfg.MaxSessions, cfg.MinPasswordLength, cfg.RegistrationClosed = 1, 30, true

	var running sync.WaitGroup // sign-ins go on meanwhile
	for range 8 {
		running.Go(func() {
			if _, err := f.Login(f.ctx, visitor, Account{Username: "alice", Password: goodPassword}, ""); err != nil {
				t.Error(err)
			}
		})
	}
	if err := f.Reconfigure(f.ctx, cfg); err != nil {
		t.Fatal(err)
	}
	running.Wait()
	f.signIn(t, "alice")
	creds, err := f.store.Credentials(f.ctx, "alice")
	if err != nil {
		t.Fatal(err)
	}
	if d := DescribeHash(creds.PasswordHash); d.Cost != cfg.Argon2.String() {
		t.Errorf("got a hash of %s after a sign-in, want %s", d.Cost, cfg.Argon2)
	}
	if got := f.HashStats().Run; got < hashes+9 {
		t.Errorf("%d hashes are counted, want %d or more: they were before the change", got, hashes+9)
	}
	_, err = f.Register(f.ctx, visitor, Account{Username: "bob", Password: goodPassword})
	wantCode(t, "register", err, CodeRegistrationClosed)
	_, err = f.CreateUser(f.ctx, operator, NewAccount{Account: Account{Username: "bob", Password: goodPassword}})
	wantCode(t, "a password that is too short now", err, CodeWeakPassword)

	hasher := f.rules.Load().hasher
	cfg.MaxSessions = 2
	if err := f.Reconfigure(f.ctx, cfg); err != nil {
		t.Fatal(err)
	}
	if f.rules.Load().hasher != hasher {
		t.Error("the hasher is another one, and nothing of it has changed")
	}
	cfg.Argon2.Memory, cfg.RegistrationClosed = 1, false
	if err := f.Reconfigure(f.ctx, cfg); err == nil {
		t.Error("a cost that is not allowed is taken")
	}
	_, err = f.Register(f.ctx, visitor, Account{Username: "bob", Password: goodPassword})
	wantCode(t, "register after a refusal", err, CodeRegistrationClosed)
}
