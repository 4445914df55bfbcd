package authn

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/authctl/authctl/store"
)

// tally counts attempts, and makes all clients hang up when there are enough.
type tally struct {
	store.Store
	begun  atomic.Int64
	after  int64
	hangUp context.CancelFunc
}

func (s *tally) BeginLogin(ctx context.Context, a store.Attempt) (store.Admission, error) {
	if s.begun.Add(1) == s.after {
		s.hangUp()
	}
	return s.Store.BeginLogin(ctx, a)
}

func TestClientsThatHangUpMakeTheDatabaseCountNoMoreThanIsHashed(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB) store.Store{"sqlite": openSQLite, "postgres": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := &tally{Store: open(t), after: 20}
			f := newFixture(t, st, func(c *Config) {
				limited(c)
				c.Hashing.Workers = 1
				c.Argon2.Memory = 1 << 10
			})
			f.ctx, st.hangUp = context.WithCancel(t.Context())
			defer st.hangUp()
			var all sync.WaitGroup
			for i := range 500 {
				all.Go(func() {
					switch err := f.guess(fmt.Sprint("user", i), "192.0.2.1"); CodeOf(err) {
					case CodeInvalidCredentials, CodeOverloaded:
					default:
						t.Errorf("guess: %v", err)
					}
				})
			}
			all.Wait()
			if begun, hashed := st.begun.Load(), f.hashed(); uint64(begun) != hashed || begun < st.after || begun > st.after+2 {
				t.Errorf("%d attempts are counted and %d hashed, want as many, and few after all have hung up", begun, hashed)
			}
			if got := f.HashStats(); got.Running != 0 || got.Waiting != 0 || got.Memory != 0 {
				t.Errorf("afterwards: %d running, %d waiting with %d bytes", got.Running, got.Waiting, got.Memory)
			}
		})
	}
}
