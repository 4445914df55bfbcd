package authn

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/store"
)

func TestAStoredHashIsDescribedWithoutItsSaltAndTag(t *testing.T) {
	t.Parallel()
	hasher, err := hashing.New(hashing.Config{Params: cheap, Pepper: "0d1c2b3a495867768594a3b2c1d0e0f1"})
	if err != nil {
		t.Fatal(err)
	}
	peppered, err := hasher.Hash(t.Context(), goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	for encoded, want := range map[string]StoredPassword{
		"":       {State: PasswordNone},
		peppered: {State: PasswordUsable, Algorithm: "argon2id", Cost: cheap.String()},
		"$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy":          {State: PasswordUsable, Algorithm: "bcrypt", Cost: "cost=10", Imported: true},
		"argon2$argon2id$v=19$m=512,t=2,p=2$c2FsdHNhbHQ$FSt0Uw3HDuA5L1qWzPPHUw": {State: PasswordUsable, Algorithm: "argon2id", Cost: "m=512,t=2,p=2", Imported: true},
		"$1$salt$hash":    {State: PasswordUnreadable},
		"$argon2id$v=19$": {State: PasswordUnreadable},
		"plain text":      {State: PasswordUnreadable},
	} {
		if got := DescribeHash(encoded); got != want {
			t.Errorf("%q: got %+v, want %+v", encoded, got, want)
		}
	}
}

func TestAnIdIsWhoeverHasItAndElseAName(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		alice := f.register(t, "alice")
		mallory := f.register(t, alice.ID.String())
		unused := "11111111-1111-4111-8111-111111111111"
		named := f.register(t, unused)
		for text, want := range map[string]store.User{
			alice.ID.String():                  alice,
			strings.ToUpper(alice.ID.String()): alice,
			"ALICE":                            alice,
			mallory.ID.String():                mallory,
			unused:                             named,
		} {
			if got, err := f.User(f.ctx, text); err != nil || got.ID != want.ID {
				t.Errorf("%s: got %s, %v, want %s", text, got.ID, err, want.ID)
			}
		}
		for _, text := range []string{uuid.NewString(), "urn:uuid:" + alice.ID.String(), strings.ReplaceAll(alice.ID.String(), "-", ""), "{" + alice.ID.String() + "}", ""} {
			if _, err := f.User(f.ctx, text); CodeOf(err) != CodeUserNotFound {
				t.Errorf("%q: got %v, want %s", text, err, CodeUserNotFound)
			}
		}
		for text, want := range map[string]bool{alice.ID.String(): true, "alice": false, unused: false, mallory.ID.String(): false} {
			found, err := f.User(f.ctx, text)
			if err != nil {
				t.Fatal(err)
			}
			if other, there, err := f.Namesake(f.ctx, text, found); err != nil || there != want || there && other.ID != mallory.ID {
				t.Errorf("namesake of %s: got %s, %t, %v", text, other.ID, there, err)
			}
		}
	})
}

func TestStandingTellsAllThatHoldsAnAccountBackNow(t *testing.T) {
	t.Parallel()
	limits := AccountLimits{Free: 2, MaxDelay: time.Minute, FreeAnywhere: 4, MaxAnywhere: time.Minute, DisableAfter: 6}
	onBoth(t, func(cfg *Config) { cfg.Accounts = limits }, func(t *testing.T, f *fixture) {
		alice := f.register(t, "alice")
		want := func(when string, kinds ...HoldKind) Standing {
			t.Helper()
			st, err := f.Standing(f.ctx, alice.ID)
			if err != nil {
				t.Fatal(err)
			}
			var got []HoldKind
			for _, h := range st.Holds {
				got = append(got, h.Kind)
			}
			if !slices.Equal(got, kinds) {
				t.Errorf("%s: got %+v, want %s", when, st.Holds, kinds)
			}
			return st
		}
		if st := want("at first"); !st.LastSignIn.IsZero() || st.Sessions != 0 || st.Password.State != PasswordUsable {
			t.Errorf("at first: got %+v", st)
		}
		f.signIn(t, "alice")
		signedIn := f.now()
		f.advance(time.Hour)
		fails := func(from string, times int) {
			for range times {
				who := visitor
				who.RemoteAddr = from
				if _, err := f.Login(f.ctx, who, Account{Username: "alice", Password: "no such password"}, ""); err == nil {
					t.Fatal("it was let in")
				}
			}
		}
		fails("198.51.100.1", 2)
		fails("198.51.100.2", 2)
		st := want("after failures", HoldFailuresAnywhere, HoldFailuresHere)
		if here := st.Holds[1]; here.Addresses != 2 || !here.Until.Equal(f.now().Add(time.Second)) || !here.Since.IsZero() {
			t.Errorf("got %+v, want two blocks of addresses for a second", here)
		}
		if st.Sessions != 1 || !st.LastSignIn.Equal(signedIn) {
			t.Errorf("got %d sessions and the sign-in %s, want one and %s", st.Sessions, st.LastSignIn, signedIn)
		}
		f.advance(time.Second)
		want("when the delays are over")
		fails("198.51.100.3", 1)
		f.advance(time.Hour)
		fails("198.51.100.4", 1)
		f.advance(time.Hour)
		if _, err := f.DisableUser(f.ctx, visitor, "alice"); err != nil {
			t.Fatal(err)
		}
		st = want("when all is disabled", HoldDisabled, HoldPasswordDisabled)
		if st.Password.State != PasswordDisabled || st.Sessions != 0 || !st.Holds[0].Since.Equal(f.now()) {
			t.Errorf("got %+v", st)
		}
		if _, err := f.Standing(f.ctx, uuid.New()); CodeOf(err) != CodeUserNotFound {
			t.Errorf("nobody: got %v", err)
		}
		f.arrive(t, "robot", "")
		robot, err := f.User(f.ctx, "robot")
		if err != nil {
			t.Fatal(err)
		}
		alice = robot
		want("of who has no password", HoldNoPassword)
	})
}

func TestANameIsFreeWhenItsQuarantineIsOver(t *testing.T) {
	t.Parallel()
	onBoth(t, func(cfg *Config) { cfg.NameQuarantine = time.Hour }, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		if _, err := f.DeleteUser(f.ctx, visitor, "alice"); err != nil {
			t.Fatal(err)
		}
		deleted := f.now()
		f.advance(time.Hour - time.Microsecond)
		if free, released, err := f.NameFreeAt(f.ctx, "ALICE"); err != nil || !free.Equal(deleted.Add(time.Hour)) || !released.Equal(deleted) {
			t.Errorf("got %s, %s, %v", free, released, err)
		}
		f.advance(time.Microsecond)
		for _, name := range []string{"alice", "bob", "no name"} {
			if free, released, err := f.NameFreeAt(f.ctx, name); err != nil || !free.IsZero() || !released.IsZero() {
				t.Errorf("%s: got %s, %s, %v", name, free, released, err)
			}
		}
	})
}
