package postgres

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/authctl/authctl/store"
)

// TestABusyServerIsToldFromASilentOne: a caller waits in vain while the connection of another
// gets an answer, with rows or an error, or gets none.
func TestABusyServerIsToldFromASilentOne(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer error
		busy   bool
	}{
		"rows":                   {nil, true},
		"an error of the server": {&pgconn.PgError{Code: "57014"}, true},
		"a broken connection":    {errors.New("broken pipe"), false},
		"silence":                {context.DeadlineExceeded, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(1)
			g.TraceAcquireStart(t.Context(), nil, pgxpool.TraceAcquireStartData{})
			waiting := make(chan context.Context)
			go func() { waiting <- g.TraceAcquireStart(t.Context(), nil, pgxpool.TraceAcquireStartData{}) }()
			for {
				select {
				case turned := <-waiting:
					if err := turned.Err(); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, store.ErrBusy) != c.busy {
						t.Errorf("got %v", err)
					}
					return
				case <-time.After(time.Millisecond):
					g.TraceQueryEnd(t.Context(), nil, pgx.TraceQueryEndData{Err: c.answer})
				}
			}
		})
	}
}
