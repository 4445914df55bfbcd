package authn

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/store"
)

func limited(c *Config) {
	c.Accounts = AccountLimits{Free: 5, MaxDelay: 15 * time.Minute, FreeAnywhere: 20, MaxAnywhere: time.Minute, DisableAfter: 100}
}

func from(address string) Actor { return Actor{Name: "anonymous", RemoteAddr: address} }

// guess signs in with a wrong password.
func (f *fixture) guess(name, address string) error {
	_, err := f.Login(f.ctx, from(address), Account{Username: name, Password: "a wrong guess indeed"}, "")
	return err
}

// enter signs in with the right password.
func (f *fixture) enter(name, address string) (Grant, error) {
	return f.Login(f.ctx, from(address), Account{Username: name, Password: goodPassword}, "")
}

// hashed returns how many passwords were hashed for logins.
func (f *fixture) hashed() uint64 {
	by := f.HashStats().By
	return by[hashing.ForLogin].Run.Count + by[hashing.ForNobody].Run.Count
}

func retryAfter0(err error) time.Duration {
	if e, ok := err.(*Error); ok {
		return e.RetryAfter
	}
	return 0
}

func TestDelaysGrowAfterTheFreeFailuresAlikeForEveryName(t *testing.T) {
	t.Parallel()
	onBoth(t, limited, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		for _, name := range []string{"alice", "nobody", "no name\x00at all"} {
			before := f.hashed()
			for range 5 {
				wantCode(t, name, f.guess(name, "192.0.2.1"), CodeInvalidCredentials)
			}
			for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
				err := f.guess(name, "192.0.2.1")
				wantCode(t, name, err, CodeRateLimited)
				if got := retryAfter0(err); got != want*time.Second {
					t.Errorf("%s: retry after %s, want %s", name, got, want*time.Second)
				}
				_, err = f.enter(name, "192.0.2.1")
				wantCode(t, name+" with the right password", err, CodeRateLimited)
				f.advance(want * time.Second)
				wantCode(t, name, f.guess(name, "192.0.2.1"), CodeInvalidCredentials)
			}
			if got := f.hashed() - before; got != 17 {
				t.Errorf("%s: %d hashes, want 17", name, got)
			}
		}
	})
}

func TestParallelGuessesGetNoFurtherThanOnesAfterAnother(t *testing.T) {
	t.Parallel()
	onBoth(t, limited, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		before := f.hashed()
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				name := []string{"alice", "ALICE", "Alice"}[i%3] // one account
				switch CodeOf(f.guess(name, "192.0.2.1")) {
				case CodeInvalidCredentials, CodeRateLimited:
				case CodeOverloaded:
				default:
					t.Error("a guess came to something else")
				}
			})
		}
		wg.Wait()
		if got := f.hashed() - before; got > 5 {
			t.Errorf("%d of 200 guesses were compared with the password, want 5 at most", got)
		}
	})
}

func TestASpellingOfANameHasNoAttemptsOfItsOwn(t *testing.T) {
	t.Parallel()
	onBoth(t, limited, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		for _, name := range []string{"alice", "ALICE", "Alice", "aLICE", "alicE"} {
			wantCode(t, name, f.guess(name, "192.0.2.1"), CodeInvalidCredentials)
		}
		wantCode(t, "the sixth", f.guess("AlIcE", "192.0.2.1"), CodeRateLimited)
	})
}

func TestAStrangerCannotLockAnybodyOut(t *testing.T) {
	t.Parallel()
	onBoth(t, limited, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		session, err := f.enter("alice", "198.51.100.1")
		wantCode(t, "at home", err, "")
		for i := range 60 { // from twelve addresses, until none gets through
			_ = f.guess("alice", fmt.Sprintf("203.0.113.%d", i%12))
		}
		wantCode(t, "the stranger, from anywhere", f.guess("alice", "203.0.113.99"), CodeRateLimited)
		_, err = f.enter("alice", "198.51.100.1")
		wantCode(t, "at home, where alice has signed in", err, "")
		f.refreshed(t, session.RefreshToken)
		wantCode(t, "the stranger, after the success at home", f.guess("alice", "203.0.113.99"), CodeRateLimited)
		_, err = f.enter("alice", "198.51.100.78")
		wantCode(t, "elsewhere, under attack", err, CodeRateLimited)
		if got := retryAfter0(err); got > time.Minute {
			t.Errorf("elsewhere, under attack: retry after %s, want a minute at most", got)
		}
		f.advance(retryAfter0(err))
		_, err = f.enter("alice", "198.51.100.78")
		wantCode(t, "elsewhere, a moment later", err, "")
	})
}

func TestASuccessGivesStrangersNoFurtherGuesses(t *testing.T) {
	t.Parallel()
	onBoth(t, limited, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		_, err := f.enter("alice", "198.51.100.1")
		wantCode(t, "at home", err, "")
		before := f.hashed()
		for round := range 5 {
			for i := range 30 {
				_ = f.guess("alice", fmt.Sprintf("203.0.113.%d", 30*round+i))
			}
			_, err := f.enter("alice", "198.51.100.1")
			wantCode(t, "at home", err, "")
		}
		if got := f.hashed() - before - 5; got != 20 {
			t.Errorf("strangers had %d guesses, want the 20 that are free", got)
		}
		for range 4 { // what was mistyped at home is forgotten with a success there
			wantCode(t, "mistyped", f.guess("alice", "198.51.100.1"), CodeInvalidCredentials)
		}
		_, err = f.enter("alice", "198.51.100.1")
		wantCode(t, "at home", err, "")
		list, err := f.Attempts(f.ctx, store.AttemptsPage{After: -1, Limit: 100})
		failures := 0
		for _, a := range list {
			if a.Address == "" {
				failures = a.Failures
			}
		}
		if err != nil || failures != 20 {
			t.Errorf("%d failures are counted from anywhere, %v, want those of strangers", failures, err)
		}
	})
}

func TestTooManyFailuresOfAllAccountsHoldBackStrangersAndNobodyAtHome(t *testing.T) {
	t.Parallel()
	configure := func(c *Config) {
		limited(c)
		c.Accounts.Ceiling, c.Accounts.CeilingPer = 30, 5*time.Minute
	}
	onBoth(t, configure, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		f.advance(5*time.Minute - time.Duration(f.clock.Load()%(5*time.Minute).Microseconds())*time.Microsecond) // a window begins
		session, err := f.enter("alice", "198.51.100.1")
		wantCode(t, "at home", err, "")
		for range 40 {
			_, err := f.enter("alice", "198.51.100.1")
			wantCode(t, "at home, which counts for nothing", err, "")
		}
		before := f.hashed()
		for i := range 50 { // a name and an address each
			_ = f.guess(fmt.Sprint("user", i), fmt.Sprintf("203.0.113.%d", i))
		}
		if got := f.hashed() - before; got != 30 || f.Capped() != 20 {
			t.Errorf("%d guesses are hashed and %d refused, want 30 and 20", got, f.Capped())
		}
		_, err = f.enter("alice", "198.51.100.1")
		wantCode(t, "at home", err, "")
		f.refreshed(t, session.RefreshToken)
		f.advance(time.Minute)
		_, err = f.enter("alice", "198.51.100.9")
		if wantCode(t, "elsewhere", err, CodeRateLimited); retryAfter0(err) != 4*time.Minute {
			t.Errorf("elsewhere: retry after %s, want what is left of the window", retryAfter0(err))
		}
		f.advance(4 * time.Minute)
		_, err = f.enter("alice", "198.51.100.9")
		wantCode(t, "elsewhere, in the next window", err, "")
	})
}

func TestWhereAnAccountHasSignedInIsKnownForThirtyDays(t *testing.T) {
	t.Parallel()
	onBoth(t, limited, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		_, err := f.enter("alice", "198.51.100.1")
		wantCode(t, "at home", err, "")
		attack := func() {
			wantCode(t, "forget what is old", f.Forget(f.ctx), "")
			for i := range 60 {
				_ = f.guess("alice", fmt.Sprintf("203.0.113.%d", i%12))
			}
		}
		f.advance(30*24*time.Hour - time.Second)
		attack()
		wantCode(t, "at home, which is known", f.guess("alice", "198.51.100.1"), CodeInvalidCredentials)
		f.advance(time.Second)
		attack()
		wantCode(t, "at home, which is forgotten", f.guess("alice", "198.51.100.1"), CodeRateLimited)
	})
}

// placesLeft records the time before which places are deleted.
type placesLeft struct {
	store.Store
	before []time.Time
}

func (s *placesLeft) DeleteOldPlaces(ctx context.Context, before time.Time, after int64, limit int) (int64, error) {
	s.before = append(s.before, before)
	return s.Store.DeleteOldPlaces(ctx, before, after, limit)
}

func TestPlacesAreForgottenOnceTheyCountForNothing(t *testing.T) {
	t.Parallel()
	st := &placesLeft{Store: openSQLite(t)}
	f := newFixture(t, st, limited)
	wantCode(t, "forget", f.Forget(f.ctx), "")
	if len(st.before) != 1 || f.now().Sub(st.before[0]) != knownFor {
		t.Errorf("forgot those before %v at %v", st.before, f.now())
	}
}

func TestAnAttackFromOneAddressIsNotFeltElsewhere(t *testing.T) {
	t.Parallel()
	onBoth(t, limited, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		for range 50 {
			_ = f.guess("alice", "2001:db8:1:2::1")
		}
		wantCode(t, "of the same /64", f.guess("alice", "2001:db8:1:2:ffff::7"), CodeRateLimited)
		_, err := f.enter("alice", "2001:db8:1:3::1")
		wantCode(t, "of another", err, "")
	})
}

func TestAHundredFailuresInARowDisableThePassword(t *testing.T) {
	t.Parallel()
	onBoth(t, limited, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		session := f.signIn(t, "alice")
		fail := func(times int) {
			t.Helper()
			for range times {
				f.advance(time.Hour)
				wantCode(t, "guess", f.guess("alice", "192.0.2.1"), CodeInvalidCredentials)
			}
		}
		fail(99)
		f.advance(time.Hour)
		_, err := f.enter("alice", "192.0.2.2")
		wantCode(t, "after 99 failures", err, "")
		for _, rebind := range []func() error{
			func() error { _, err := f.UnlockUser(f.ctx, Actor{Name: "cli:ada"}, "ALICE"); return err },
			func() error {
				_, err := f.SetPassword(f.ctx, Actor{Name: "cli:ada"}, "alice", goodPassword)
				return err
			},
		} {
			session = f.refreshed(t, session.RefreshToken)
			fail(100)
			user, err := f.User(f.ctx, "alice")
			wantCode(t, "look", err, "")
			if !user.PasswordDisabled() || user.FailedLogins != 100 {
				t.Errorf("after 100 failures the user is %+v", user)
			}
			f.advance(time.Hour)
			before := f.hashed()
			_, err = f.enter("alice", "192.0.2.2")
			wantCode(t, "with the password, which is disabled", err, CodeInvalidCredentials)
			if got := f.hashed() - before; got != 1 {
				t.Errorf("a disabled password took %d hashes, want 1", got)
			}
			session = f.refreshed(t, session.RefreshToken)
			wantCode(t, "rebind", rebind(), "")
			session, err = f.enter("alice", "192.0.2.1")
			wantCode(t, "afterwards", err, "")
		}
	})
}

func TestASignInThatFoundNoTurnToHashIsNotCounted(t *testing.T) {
	t.Parallel()
	onBoth(t, limited, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		attempt := f.rules.Load().throttle.attempt("alice", "alice", AddressBlock(netip.MustParseAddr("192.0.2.1")), f.now())
		for range 30 {
			adm, err := f.store.BeginLogin(f.ctx, attempt)
			if err != nil || !adm.RetryAt.IsZero() {
				t.Fatalf("begin: %+v, %v", adm, err)
			}
			wantCode(t, "refused", f.takeBack(f.ctx, &attempt, &Error{Code: CodeOverloaded}), CodeOverloaded)
		}
		for range 5 { // which another error does not undo
			if adm, err := f.store.BeginLogin(f.ctx, attempt); err != nil || !adm.RetryAt.IsZero() {
				t.Fatalf("begin: %+v, %v", adm, err)
			}
			wantCode(t, "another error", f.takeBack(f.ctx, &attempt, &Error{Code: CodeInternal}), CodeInternal)
		}
		if adm, err := f.store.BeginLogin(f.ctx, attempt); err != nil || adm.RetryAt.IsZero() {
			t.Errorf("after five failures: %+v, %v; want to be held back", adm, err)
		}
		wantCode(t, "without limits", f.takeBack(f.ctx, nil, &Error{Code: CodeOverloaded}), CodeOverloaded)
	})
}

// quitter cancels after the first statement of a login, or before the second.
type quitter struct {
	store.Store
	afterCounting, beforeSettling context.CancelFunc
}

func (s *quitter) BeginLogin(ctx context.Context, a store.Attempt) (store.Admission, error) {
	if s.afterCounting != nil {
		defer s.afterCounting()
	}
	return s.Store.BeginLogin(ctx, a)
}

func (s *quitter) FailLogin(ctx context.Context, disableAt int, c store.Ceiling, notice *store.NewMail, e store.Event) error {
	if s.beforeSettling != nil {
		s.beforeSettling()
	}
	return s.Store.FailLogin(ctx, disableAt, c, notice, e)
}

func (s *quitter) StartSession(ctx context.Context, n store.NewSession, e store.Event) (bool, error) {
	if s.beforeSettling != nil {
		s.beforeSettling()
	}
	return s.Store.StartSession(ctx, n, e)
}

func TestHangingUpNeitherHidesAGuessNorMakesAFailure(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) store.Store{"sqlite": openSQLite, "postgres": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := &quitter{Store: open(t)}
			f := newFixture(t, st, limited)
			f.register(t, "alice")
			for range 5 {
				f.ctx, st.beforeSettling = context.WithCancel(t.Context())
				wantCode(t, "a guess whose client hangs up", f.guess("alice", "192.0.2.1"), CodeInvalidCredentials)
			}
			f.ctx, st.beforeSettling = t.Context(), nil
			user, err := f.User(f.ctx, "alice")
			wantCode(t, "look", err, "")
			if user.FailedLogins != 5 {
				t.Errorf("%d failures, want 5", user.FailedLogins)
			}
			for range 5 {
				f.ctx, st.afterCounting = context.WithCancel(t.Context())
				wantCode(t, "a guess whose client hangs up once it is counted", f.guess("alice", "192.0.2.2"), CodeInvalidCredentials)
			}
			f.ctx, st.afterCounting = t.Context(), nil
			wantCode(t, "after five, whoever hung up", f.guess("alice", "192.0.2.2"), CodeRateLimited)
			hashed := f.hashed()
			for range 30 {
				gone, hangUp := context.WithCancel(t.Context())
				hangUp()
				f.ctx = gone
				wantCode(t, "a sign-in whose client does not wait for a place", f.guess("alice", "192.0.2.3"), CodeOverloaded)
			}
			f.ctx = t.Context()
			if list, err := f.Attempts(f.ctx, store.AttemptsPage{Address: "192.0.2.3", After: -1, Limit: 10}); err != nil || len(list) > 0 || f.hashed() != hashed {
				t.Errorf("those without a place are counted as %+v, %v", list, err)
			}
			f.advance(time.Hour)
			f.ctx, st.afterCounting = t.Context(), nil
			f.ctx, st.beforeSettling = context.WithCancel(t.Context())
			_, err = f.enter("alice", "192.0.2.2")
			wantCode(t, "the right password, whose client hangs up", err, "")
			user, err = f.User(t.Context(), "alice")
			wantCode(t, "look", err, "")
			if user.FailedLogins != 0 {
				t.Errorf("%d failures after a success, want 0", user.FailedLogins)
			}
		})
	}
}

// trail is a store that records the events that are written alone, without another change.
type trail struct {
	store.Store
	events []store.Event
}

func (s *trail) Record(ctx context.Context, e store.Event) error {
	err := s.Store.Record(ctx, e)
	if err == nil {
		s.events = append(s.events, e)
	}
	return err
}

func TestRefusedSignInsAreCountedAndAuditedOnceASecond(t *testing.T) {
	t.Parallel()
	written := &trail{Store: openSQLite(t)}
	f := newFixture(t, written, limited)
	f.register(t, "alice")
	for range 25 {
		_ = f.guess("alice", "192.0.2.1")
	}
	f.advance(time.Second)
	for range 3 {
		_ = f.guess("alice", "192.0.2.1") // the first is let through
	}
	if got := f.Throttled(); got != 22 {
		t.Errorf("%d refused, want 22", got)
	}
	if len(written.events) != 2 {
		t.Fatalf("audited %+v, want two refusals", written.events)
	}
	for _, e := range written.events {
		if e.Action != store.ActionRateLimited || e.RemoteAddr != "192.0.2.1" || e.Reason == "" {
			t.Errorf("audited %+v", e)
		}
	}
}

func TestRefusalsAreAuditedWhateverClientsAndClocksDo(t *testing.T) {
	t.Parallel()
	written := &trail{Store: openSQLite(t)}
	f := newFixture(t, written, limited)
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	for i, step := range []time.Duration{0, time.Second, -24 * time.Hour, time.Second - time.Microsecond, time.Microsecond} {
		f.advance(step)
		f.RefusedByLimit(gone, from("192.0.2.1"), "requests of a test")
		if got, want := len(written.events), []int{1, 2, 3, 3, 4}[i]; got != want {
			t.Errorf("step %d: %d refusals are audited, want %d", i, got, want)
		}
	}
}

func TestAttemptsAreListedAndClearedByUserAndByBlock(t *testing.T) {
	t.Parallel()
	onBoth(t, limited, func(t *testing.T, f *fixture) {
		alice := f.register(t, "alice")
		for range 6 {
			_ = f.guess("alice", "2001:db8::1")
			_ = f.guess("nobody", "192.0.2.1")
		}
		list, err := f.Attempts(f.ctx, store.AttemptsPage{UserID: alice.ID, Address: "2001:db8::/64", After: -1, Limit: 10})
		if err != nil || len(list) != 1 || list[0].Failures != 5 || list[0].NextAt.Sub(f.now()) != time.Second {
			t.Errorf("listed %+v, %v", list, err)
		}
		block, err := ParseBlock("2001:db8::77")
		wantCode(t, "parse", err, "")
		n, err := f.ClearAttempts(f.ctx, Actor{Name: "cli:ada"}, alice.ID, block)
		if n != 1 || err != nil {
			t.Errorf("cleared %d, %v, want 1", n, err)
		}
		_, err = f.enter("alice", "2001:db8::1")
		wantCode(t, "afterwards", err, "")
		wantCode(t, "another", f.guess("nobody", "192.0.2.1"), CodeRateLimited)
		f.advance(attemptsKept + time.Second)
		if list, err := f.Attempts(f.ctx, store.AttemptsPage{After: -1, Limit: 10}); err != nil || len(list) != 0 {
			t.Errorf("after a day and more: %+v, %v", list, err)
		}
		wantCode(t, "forget", f.Forget(f.ctx), "")
	})
}

func TestCountersStayWithinTheirSlotsWhateverTheNames(t *testing.T) {
	t.Parallel()
	th, err := newThrottle(AccountLimits{Free: 5, MaxDelay: time.Minute, FreeAnywhere: 20, MaxAnywhere: time.Minute}, testSecret)
	if err != nil {
		t.Fatal(err)
	}
	taken := map[int64]bool{}
	for i := range 100_000 {
		a := th.attempt(fmt.Sprint("user", i), fmt.Sprint("user", i), AddressBlock(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)})), issuedAt)
		if h, w := a.Here.Slot, a.Anywhere.Slot; h < 0 || h >= attemptSlots || w < attemptSlots || w >= 2*attemptSlots {
			t.Fatalf("slots %d and %d", h, w)
		}
		if p := a.Known.Slot; p < 0 || p >= placeSlots {
			t.Fatalf("place %d", p)
		}
		taken[a.Here.Slot] = true
	}
	if len(taken) < 80_000 { // of 262,144, some 83,000 are hit
		t.Errorf("100,000 counters share %d slots", len(taken))
	}
	one := th.attempt("alice", "alice", netip.Prefix{}, issuedAt)
	other, err := newThrottle(th.AccountLimits, "another secret, which is long enough")
	if err != nil {
		t.Fatal(err)
	}
	if again := other.attempt("alice", "alice", netip.Prefix{}, issuedAt); again.Here.Slot == one.Here.Slot && again.Anywhere.Slot == one.Anywhere.Slot {
		t.Error("slots do not depend on the secret")
	}
	if none := th.attempt("alice", "", netip.Prefix{}, issuedAt); none.Here.Key == one.Here.Key {
		t.Error("a name that nobody can have meets the account of the same letters")
	}
}

func TestAnAddressBlockIsAnAddressOrA64(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "::ffff:192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
		"64:ff9b::192.0.2.7": "192.0.2.7", "64:ff9b:1::c000:207": "64:ff9b:1::/64",
	} {
		if got := BlockName(AddressBlock(netip.MustParseAddr(in))); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	if got := BlockName(AddressBlock(netip.Addr{})); got != "" {
		t.Errorf("no address: got %q", got)
	}
	for in, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "192.0.2.7/32": "192.0.2.7", "2001:db8::/64": "2001:db8::/64", "2001:db8::9": "2001:db8::/64",
		"192.0.2.0/24": "", "2001:db8::/48": "", "alice": "", "": "",
	} {
		block, err := ParseBlock(in)
		if got := BlockName(block); got != want || (err != nil) != (want == "") {
			t.Errorf("%q: got %q, %v, want %q", in, got, err, want)
		}
	}
}

func TestLimitsOutOfRangeAreRefused(t *testing.T) {
	t.Parallel()
	good := AccountLimits{Free: 5, MaxDelay: 15 * time.Minute, FreeAnywhere: 20, MaxAnywhere: time.Minute, DisableAfter: 100}
	if err := good.Check().Err(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*AccountLimits){
		"more free ones here than anywhere": func(l *AccountLimits) { l.FreeAnywhere = 4 },
		"no delay":                          func(l *AccountLimits) { l.MaxDelay = 0 },
		"a delay of a year":                 func(l *AccountLimits) { l.MaxDelay = 365 * 24 * time.Hour },
		"a long delay from anywhere":        func(l *AccountLimits) { l.MaxAnywhere = 2 * time.Hour },
		"too many failures":                 func(l *AccountLimits) { l.DisableAfter = 101 },
		"disabled before the first delay":   func(l *AccountLimits) { l.DisableAfter = 4 },
		"a ceiling for no time":             func(l *AccountLimits) { l.Ceiling = 10 },
		"a ceiling for a day":               func(l *AccountLimits) { l.Ceiling, l.CeilingPer = 10, 24*time.Hour },
		"a negative ceiling":                func(l *AccountLimits) { l.Ceiling = -1 },
		"a negative number":                 func(l *AccountLimits) { l.Free = -1 },
	} {
		l := good
		spoil(&l)
		cfg := testConfig()
		cfg.Accounts = l
		if _, err := New(cfg, nil); err == nil {
			t.Errorf("%s is allowed", name)
		}
	}
}
