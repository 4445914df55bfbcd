package postgres

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// connectionWait is how long a caller waits for a connection when all are in use. The
// pool alone would let it wait for as long as its request may take, behind others whose
// statements do not come to an end.
const connectionWait = 2 * time.Second

// gate stands before the pool and lets in as many as it has connections. It hears of them as
// the pool's tracer does, which is called before and after each use of a connection.
type gate struct {
	inUse  chan struct{}
	waits  atomic.Int64
	waited atomic.Int64 // nanoseconds
}

func newGate(connections int32) *gate { return &gate{inUse: make(chan struct{}, connections)} }

// turnedAway is the context of a caller that has waited too long: it is over.
type turnedAway struct{ context.Context }

// TraceAcquireStart waits for a connection to be free.
func (g *gate) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	select {
	case g.inUse <- struct{}{}:
		return ctx
	default:
	}
	began := time.Now()
	defer func() {
		g.waits.Add(1)
		g.waited.Add(int64(time.Since(began)))
	}()
	patience, cancel := context.WithTimeout(ctx, connectionWait)
	defer cancel()
	select {
	case g.inUse <- struct{}{}:
		return ctx
	case <-patience.Done():
		return turnedAway{patience}
	}
}

// TraceAcquireEnd makes room when there is no connection after all.
func (g *gate) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, data pgxpool.TraceAcquireEndData) {
	if _, away := ctx.(turnedAway); !away && data.Err != nil {
		<-g.inUse
	}
}

// TraceRelease makes room.
func (g *gate) TraceRelease(*pgxpool.Pool, pgxpool.TraceReleaseData) { <-g.inUse }

// TraceQueryStart is what a tracer must have.
func (g *gate) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

// TraceQueryEnd is what a tracer must have.
func (g *gate) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
