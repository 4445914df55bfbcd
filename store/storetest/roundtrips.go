package storetest

import (
	"context"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// RoundTrips counts what a store sends to PostgreSQL. It is a tracer for [postgres.Config].
type RoundTrips struct{ statements, preparations atomic.Int64 }

// Statements returns the number of queries and batches so far; 0 for a nil RoundTrips.
func (r *RoundTrips) Statements() int64 {
	if r == nil {
		return 0
	}
	return r.statements.Load()
}

// All returns the number of statements and of their preparations, each of which happens once on a
// connection.
func (r *RoundTrips) All() int64 { return r.statements.Load() + r.preparations.Load() }

// TraceQueryStart counts a query.
func (r *RoundTrips) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	r.statements.Add(1)
	return ctx
}

// TraceQueryEnd counts nothing.
func (r *RoundTrips) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart counts a batch, which takes one round trip.
func (r *RoundTrips) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	r.statements.Add(1)
	return ctx
}

// TraceBatchQuery counts nothing: the query is part of its batch.
func (r *RoundTrips) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

// TraceBatchEnd counts nothing.
func (r *RoundTrips) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TracePrepareStart counts a preparation.
func (r *RoundTrips) TracePrepareStart(ctx context.Context, _ *pgx.Conn, _ pgx.TracePrepareStartData) context.Context {
	r.preparations.Add(1)
	return ctx
}

// TracePrepareEnd counts nothing.
func (r *RoundTrips) TracePrepareEnd(context.Context, *pgx.Conn, pgx.TracePrepareEndData) {}

var (
	_ pgx.QueryTracer   = (*RoundTrips)(nil)
	_ pgx.BatchTracer   = (*RoundTrips)(nil)
	_ pgx.PrepareTracer = (*RoundTrips)(nil)
)
