package authn

import (
	"testing"
	"time"
)

const month = 30 * 24 * time.Hour

func TestTheNameOfADeletedUserIsNotFreeToStrangersForTheQuarantine(t *testing.T) {
	t.Parallel()
	onBoth(t, func(c *Config) { c.NameQuarantine = month }, func(t *testing.T, f *fixture) {
		f.register(t, "Alice")
		_, taken := f.Register(f.ctx, visitor, Account{Username: "alice", Password: goodPassword})
		deleted, err := f.DeleteUser(f.ctx, operator, "alice")
		if err != nil {
			t.Fatal(err)
		}
		if want := time.UnixMicro(f.clock.Load()).Add(month); !deleted.NameFreeAt.Equal(want) || deleted.User.Username != "Alice" {
			t.Errorf("got %+v, want free at %v", deleted, want)
		}
		for _, name := range []string{"alice", "ALICE", "ａｌｉｃｅ"} {
			_, err := f.Register(f.ctx, visitor, Account{Username: name, Password: goodPassword})
			wantCode(t, name, err, CodeUsernameTaken)
			if err != nil && err.Error() != taken.Error() {
				t.Errorf("%s: got %q, and %q of a user who is there", name, err, taken)
			}
		}
		f.advance(month - time.Microsecond)
		if err := f.Forget(f.ctx); err != nil {
			t.Fatal(err)
		}
		_, err = f.Register(f.ctx, visitor, Account{Username: "alice", Password: goodPassword})
		wantCode(t, "a microsecond early", err, CodeUsernameTaken)
		f.advance(time.Microsecond)
		f.register(t, "alice")
		if err := f.Forget(f.ctx); err != nil {
			t.Fatal(err)
		}
		if n, err := f.store.DeleteOldReleasedNames(f.ctx, time.UnixMicro(f.clock.Load()), 10); n != 0 || err != nil {
			t.Errorf("%d names are left, %v", n, err)
		}
	})
}

func TestAnOperatorMayGiveTheNameOfADeletedUser(t *testing.T) {
	t.Parallel()
	onBoth(t, func(c *Config) { c.NameQuarantine = month }, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		if _, err := f.DeleteUser(f.ctx, operator, "alice"); err != nil {
			t.Fatal(err)
		}
		if _, err := f.CreateUser(f.ctx, operator, NewAccount{Account: Account{Username: "alice", Password: goodPassword}}); err != nil {
			t.Error(err)
		}
	})
}

func TestWithoutAQuarantineANameIsFreeAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.register(t, "alice")
		deleted, err := f.DeleteUser(f.ctx, operator, "alice")
		if err != nil || !deleted.NameFreeAt.IsZero() {
			t.Errorf("got %+v, %v", deleted, err)
		}
		f.register(t, "alice")
	})
}
