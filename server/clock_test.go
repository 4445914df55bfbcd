package server_test

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// shifted is a store whose database's clock is ahead.
type shifted struct {
	store.Store
	by time.Duration
}

func (s *shifted) Revocations(ctx context.Context, after store.Position, since time.Time) (store.Feed, error) {
	feed, err := s.Store.Revocations(ctx, after, since)
	feed.Clock = feed.Clock.Add(s.by)
	return feed, err
}

var clockMetric = regexp.MustCompile(`(?m)^authctl_database_clock_difference_seconds (\S+)$`)

func TestAServerWhoseClockIsWrongIsNotReady(t *testing.T) {
	t.Parallel()
	st := &shifted{Store: openSQLite(t)}
	f := start(t, func(s *setup) { s.store = st })
	for _, tt := range []struct {
		by   time.Duration
		says string // of /readyz; "" when it is ready
	}{
		{0, ""},
		{20 * time.Second, ""},
		{-20 * time.Second, ""},
		{-90 * time.Second, "this server's clock is 1m30s ahead of the database's"},
		{90 * time.Second, "this server's clock is 1m30s behind the database's"},
		{0, ""},
	} {
		st.by = tt.by
		if err := f.svc.Cluster.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		a := f.send(request{method: "GET", path: "/readyz"})
		if tt.says == "" {
			a.want(t, http.StatusOK)
		} else if a.want(t, http.StatusServiceUnavailable, authn.CodeUnavailable); !strings.Contains(string(a.body), tt.says) {
			t.Errorf("%s: got %s, want %q", tt.by, a.body, tt.says)
		}
		found := clockMetric.FindStringSubmatch(f.metrics(t))
		if found == nil {
			t.Fatal("there is no metric")
		}
		ahead, err := strconv.ParseFloat(found[1], 64)
		if err != nil || ahead+tt.by.Seconds() > 2 || ahead+tt.by.Seconds() < -2 {
			t.Errorf("%s: the metric is %s", tt.by, found[1])
		}
	}
}
