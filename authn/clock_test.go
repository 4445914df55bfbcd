package authn

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

func TestWhatARoundTripExplainsIsNoDifferenceOfClocks(t *testing.T) {
	t.Parallel()
	const trip = 3 * time.Second
	for name, tt := range map[string]struct{ database, ahead time.Duration }{ // from the start of the round trip
		"at its start":      {0, 0},
		"in between":        {time.Second, 0},
		"at its end":        {trip, 0},
		"before its start":  {-7 * time.Second, 7 * time.Second},
		"after its end":     {trip + 7*time.Second, -7 * time.Second},
		"a year after that": {trip + 365*24*time.Hour, -365 * 24 * time.Hour},
	} {
		var c clockDifference
		c.compare(issuedAt, issuedAt.Add(tt.database), issuedAt.Add(trip))
		if got := *c.latest.Load(); got != tt.ahead {
			t.Errorf("%s: got %s, want %s", name, got, tt.ahead)
		}
	}
	var c clockDifference
	if c.compare(issuedAt, time.Time{}, issuedAt); c.latest.Load() != nil {
		t.Error("a clock that was not read differs")
	}
}

// shifted is a store whose database's clock is ahead.
type shifted struct {
	store.Store
	by atomic.Int64 // nanoseconds
}

func (s *shifted) Revocations(ctx context.Context, after store.Position, since time.Time) (store.Feed, error) {
	feed, err := s.Store.Revocations(ctx, after, since)
	feed.Clock = feed.Clock.Add(time.Duration(s.by.Load()))
	return feed, err
}

func TestAServerSaysWhenItsClockIsNotTheDatabases(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		st := &shifted{Store: f.store}
		var mu sync.Mutex
		var told []string
		tell := func(s string) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, s)
		}
		node := join(t, st, nil, func(e FollowEvent, err error) {
			switch e {
			case ClockDiffers:
				tell(err.Error())
			case ClockAgrees:
				tell("agree")
			}
		})
		if _, known := f.Cluster.ClockDifference(); known {
			t.Error("a difference is known before the database was asked")
		}
		var want []string
		for _, tt := range []struct {
			by      time.Duration
			refused bool
			told    string
		}{
			{4 * time.Second, false, ""},
			{-20 * time.Second, false, "ahead of the database's"},
			{-40 * time.Second, true, ""},
			{0, false, "agree"},
			{time.Minute, true, "behind the database's"},
		} {
			st.by.Store(int64(tt.by))
			if tt.told != "" {
				want = append(want, tt.told)
			}
			eventually(t, tt.by.String(), func() bool {
				ahead, _ := node.Cluster.ClockDifference()
				mu.Lock()
				defer mu.Unlock()
				return (ahead+tt.by).Abs() < 2*time.Second && len(told) == len(want)
			})
			wanted := Code("")
			if tt.refused {
				wanted = CodeUnavailable
			}
			wantCode(t, tt.by.String(), node.Cluster.CheckClock(), wanted)
		}
		mu.Lock()
		defer mu.Unlock()
		for i := range want {
			if !strings.Contains(told[i], want[i]) {
				t.Errorf("it was told %q, want %q", told[i], want[i])
			}
		}
	})
}
