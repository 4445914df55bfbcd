package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/authctl/authctl/store/postgres"
)

func TestAPageThatTimesOutIsReadAgain(t *testing.T) {
	t.Parallel()
	timeout := fmt.Errorf("read: %w", &pgconn.PgError{Code: "57014"})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for name, tt := range map[string]struct {
		ctx      context.Context
		failures int
		err      error
		want     int // readings
	}{
		"none fails":             {t.Context(), 0, nil, 1},
		"two time out":           {t.Context(), 2, timeout, 3},
		"all time out":           {t.Context(), 99, timeout, 10},
		"it fails in some way":   {t.Context(), 99, &pgconn.PgError{Code: "42P01"}, 1},
		"the caller has gone":    {over, 99, timeout, 1},
		"the connection is lost": {t.Context(), 99, errors.New("lost"), 1},
	} {
		readings := 0
		err := postgres.PastDeadRows(tt.ctx, func() error {
			if readings++; readings <= tt.failures {
				return tt.err
			}
			return nil
		})
		if readings != tt.want || (err != nil) != (tt.failures >= tt.want) {
			t.Errorf("%s: got %d readings and %v, want %d", name, readings, err, tt.want)
		}
	}
}
