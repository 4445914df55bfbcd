package mail

import (
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

func TestRetriesComeLaterAndLaterUntilTheExpiry(t *testing.T) {
	t.Parallel()
	now := time.Date(2031, 5, 6, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		tries   int
		jitter  float64
		expires time.Duration
		want    time.Duration
	}{
		{1, 1, time.Hour, 5 * time.Second}, {2, 1, time.Hour, 30 * time.Second}, {3, 1, time.Hour, 2 * time.Minute}, {4, 1, time.Hour, 10 * time.Minute},
		{5, 1, time.Hour, 10 * time.Minute}, {500, 1, time.Hour, 10 * time.Minute}, {0, 1, time.Hour, 5 * time.Second},
		{1, 0.8, time.Hour, 4 * time.Second}, {4, 1.2, time.Hour, 12 * time.Minute},
		{4, 1, 8 * time.Minute, 8*time.Minute - lastCall}, // a last call
		{4, 1, 20 * time.Second, 10 * time.Minute},        // too late for one
	} {
		got := next(store.Mail{Tries: c.tries, ExpiresAt: now.Add(c.expires)}, Result{Class: ClassClosed}, now, c.jitter)
		if got.State != store.MailWaiting || got.NextAt.Sub(now) != c.want {
			t.Errorf("%+v: %s after %s", c, got.State, got.NextAt.Sub(now))
		}
	}
	for range 1000 {
		if j := jitter(); j < 0.8 || j > 1.2 {
			t.Fatalf("jitter %v", j)
		}
	}
}
