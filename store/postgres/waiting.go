package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// waitingAfter is longer than statement_timeout lets a statement take by default. What takes
// longer is mostly a commit, which no timeout ends while it waits for a synchronous standby.
const waitingAfter = 5 * time.Second

// waiting is a tracer that calls back once for each statement that has not ended for some time.
type waiting func(since time.Duration)

type waitingKey struct{}

// TraceQueryStart implements [pgx.QueryTracer].
func (w waiting) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return context.WithValue(ctx, waitingKey{}, time.AfterFunc(waitingAfter, func() { w(waitingAfter) }))
}

// TraceQueryEnd implements [pgx.QueryTracer].
func (w waiting) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryEndData) {
	ctx.Value(waitingKey{}).(*time.Timer).Stop()
}
