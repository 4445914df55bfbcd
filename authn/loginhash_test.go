package authn

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authctl/authctl/authn/hashing"
)

// pepperID returns the id of the pepper that a hash of ours was made with; "" for none.
func pepperID(encoded string) string {
	_, after, _ := strings.Cut(encoded, ",keyid=")
	id, _, _ := strings.Cut(after, "$")
	return id
}

// TestAPepperIsRotatedAtLogin signs an account in without a pepper, with one, and with the
// next.
func TestAPepperIsRotatedAtLogin(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		seen := map[string]bool{}
		for _, peppers := range [][]string{{""}, {firstPepper}, {secondPepper, firstPepper}, {"", secondPepper}} {
			node := newFixture(t, f.store, func(c *Config) { c.Pepper, c.PreviousPeppers = peppers[0], peppers[1:] })
			node.signIn(t, "alice")
			creds, err := f.store.Credentials(f.ctx, "alice")
			if err != nil {
				t.Fatal(err)
			}
			another, err := node.rules.Load().hasher.Hash(f.ctx, goodPassword)
			if err != nil {
				t.Fatal(err)
			}
			if got := pepperID(creds.PasswordHash); got != pepperID(another) || (got == "") != (peppers[0] == "") || seen[creds.PasswordHash] {
				t.Errorf("with %q: the hash is %s", peppers, creds.PasswordHash)
			}
			if peppers[0] != "" {
				seen[creds.PasswordHash] = true
			}
		}
		lost := newFixture(t, f.store, func(c *Config) { c.Pepper = firstPepper })
		lost.signIn(t, "alice") // the hash is without again
		_, err := newFixture(t, f.store, nil).Login(f.ctx, visitor, Account{Username: "alice", Password: goodPassword}, "")
		wantCode(t, "login without the pepper", err, CodeInvalidCredentials)
		if err == nil || !strings.Contains(err.Error(), "password.previous_peppers") {
			t.Errorf("the log hears %v, and not what to do", err)
		}
	})
}

func TestPeppersAreHeldToTheRulesOfASecret(t *testing.T) {
	t.Parallel()
	for want, configure := range map[string]func(*Config){
		"pepper: must have at least": func(c *Config) { c.Pepper = "short" },
		"previous pepper: must have": func(c *Config) { c.PreviousPeppers = []string{"short"} },
	} {
		cfg := testConfig()
		configure(&cfg)
		if _, err := New(cfg, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// busyClock makes each hash take an hour. While the clock is stopped, a running hash does not
// finish.
type busyClock struct {
	f     *fixture
	hours atomic.Int64
	stops atomic.Bool
	wake  chan struct{}
}

func (c *busyClock) now() time.Time {
	if c.stops.Load() && c.f.HashStats().Running > 0 {
		<-c.wake
	}
	return issuedAt.Add(time.Duration(c.hours.Add(1)) * time.Hour)
}

// TestWhoWouldWaitTooLongIsRefusedBeforeTheDatabaseIsAsked: the only worker is busy for an
// hour, as in all earlier hashes.
func TestWhoWouldWaitTooLongIsRefusedBeforeTheDatabaseIsAsked(t *testing.T) {
	t.Parallel()
	f := newFixture(t, openSQLite(t), func(c *Config) { c.Hashing.Workers = 1 })
	clock := &busyClock{f: f, wake: make(chan struct{})}
	f.replaceHasher(t, func(c *hashing.Config) { c.Now = clock.now })
	f.register(t, "alice")
	clock.stops.Store(true)
	var busy sync.WaitGroup
	busy.Go(func() {
		if _, err := f.rules.Load().hasher.Hash(f.ctx, goodPassword); err != nil {
			t.Error(err)
		}
	})
	until(t, "the worker is busy", func() bool { return f.HashStats().Running == 1 })
	for name, why := range map[string]hashing.Purpose{"alice": hashing.ForLogin, "bob": hashing.ForAccount} {
		var g Grant
		var err error
		if why == hashing.ForLogin {
			g, err = f.Login(f.ctx, visitor, Account{Username: name, Password: goodPassword}, "")
		} else {
			_, err = f.Register(f.ctx, visitor, Account{Username: name, Password: goodPassword})
		}
		wantCode(t, string(why), err, CodeOverloaded)
		if e, ok := errors.AsType[*Error](err); !ok || e.RetryAfter < time.Minute {
			t.Errorf("%s: got %+v, want to be told when to come again", why, e)
		}
		if slices.ContainsFunc(g.Steps, func(s Step) bool { return s.Name == "lookup" }) {
			t.Errorf("%s: the database was asked: %v", why, g.Steps)
		}
		if got := f.HashStats().By[why].Shed; got != 1 {
			t.Errorf("%s: %d were counted as refused", why, got)
		}
	}
	clock.stops.Store(false)
	close(clock.wake)
	busy.Wait()
	f.signIn(t, "alice")
}
