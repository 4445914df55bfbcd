// Package postgres keeps users and sessions in PostgreSQL 13 or newer. It is the
// twin of store/sqlite: the same files, the same statements in the same order,
// in another dialect.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/batch"
)

// Store is a [store.Store] on PostgreSQL.
type Store struct {
	pool       *pgxpool.Pool
	gate       *gate
	switchover *switchover
	latest     int64 // newest migration this binary knows
	home       home
	rotations  *batch.Queue[store.Rotation, store.RotateResult]

	separate       string         // the schema that may have an installation beside one in another schema
	lockWait       func(LockWait) // nil for none
	reportInterval time.Duration
}

var _ store.Store = (*Store)(nil)

// Open connects to the database. It neither retries nor migrates, and does not check the version of
// the schema. It fails with [store.ErrUnavailable] when the database cannot be reached, and with a
// [*store.Refusal] when several schemas of the search path have authctl's tables. An invalid URL,
// or one that requests the simple protocol, is another error.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	latest, err := latestVersion()
	if err != nil {
		return nil, err
	}
	pc, err := poolConfig(cfg)
	if err != nil {
		return nil, err
	}
	gate := newGate(pc.MaxConns)
	pc.ConnConfig.BuildContextWatcherHandler = lettingGo(hangUpGrace)
	tracers := []pgx.QueryTracer{gate}
	if cfg.Tracer != nil {
		tracers = append(tracers, cfg.Tracer)
	}
	if cfg.Waiting != nil {
		tracers = append(tracers, waiting(cfg.Waiting))
	}
	pc.ConnConfig.Tracer = multitracer.New(tracers...)
	over := &switchover{}
	over.watch(pc)
	home, err := locate(ctx, pc)
	if err != nil {
		return nil, err
	}
	pool, err := home.open(ctx, pc)
	if err != nil {
		return nil, err
	}
	over.pool.Store(pool)
	s := &Store{pool: pool, gate: gate, switchover: over, latest: latest, home: home,
		separate: cfg.SeparateSchema, lockWait: cfg.LockWait, reportInterval: reportInterval}
	s.rotations = batch.New(s.queueOfRotations(pc.MaxConns))
	return s, nil
}

// hangUpGrace is how long a statement may continue after its caller's context has ended. Nearly all
// statements end within it and leave their connection usable. Without it pgx would close the
// connection, and clients that hang up would make the database open a new one for each request.
const hangUpGrace = 250 * time.Millisecond

// lettingGo returns a handler that gives statements some time to end after their context.
func lettingGo(grace time.Duration) func(*pgconn.PgConn) ctxwatch.Handler {
	return func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.DeadlineContextWatcherHandler{Conn: c.Conn(), DeadlineDelay: grace}
	}
}

// connectionWait is how long a caller waits for a connection when all are in use. The pool alone
// would let it wait as long as its request may take, behind statements that do not end.
const connectionWait = 2 * time.Second

// gate limits the callers of the pool to its number of connections. It is a tracer of the pool,
// which calls it before and after each use of a connection.
type gate struct {
	inUse   chan struct{}
	answers atomic.Int64 // number of statements that the server has answered
	waits   atomic.Int64
	waited  atomic.Int64 // nanoseconds
}

func newGate(connections int32) *gate { return &gate{inUse: make(chan struct{}, connections)} }

// turnedAway is the ended context of a caller that has waited too long.
type turnedAway struct {
	context.Context
	caller context.Context
	reason error
}

// Why a caller is turned away: too many requests, or a server that has answered nobody meanwhile.
var (
	errAllInUse = fmt.Errorf("%w: all connections are in use: %w", store.ErrBusy, context.DeadlineExceeded)
	errSilent   = fmt.Errorf("the database answers on none of the connections: %w", context.DeadlineExceeded)
)

// Err returns the reason, which differs from the error of the caller's own context.
func (t turnedAway) Err() error {
	if err := t.caller.Err(); err != nil {
		return err
	}
	return t.reason
}

// TraceAcquireStart waits until a connection is free.
func (g *gate) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	select {
	case g.inUse <- struct{}{}:
		return ctx
	default:
	}
	began, answers := time.Now(), g.answers.Load()
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
	}
	return turnedAway{patience, ctx, g.turnAway(answers)}
}

// turnAway returns why a caller is turned away that has waited since the server had given so many
// answers.
func (g *gate) turnAway(answers int64) error {
	if g.answers.Load() == answers {
		return errSilent
	}
	return errAllInUse
}

// TraceAcquireEnd releases the place if no connection could be acquired.
func (g *gate) TraceAcquireEnd(ctx context.Context, _ *pgxpool.Pool, data pgxpool.TraceAcquireEndData) {
	if _, away := ctx.(turnedAway); !away && data.Err != nil {
		<-g.inUse
	}
}

// TraceRelease releases the place.
func (g *gate) TraceRelease(*pgxpool.Pool, pgxpool.TraceReleaseData) { <-g.inUse }

// TraceQueryStart does nothing. The interface requires it.
func (g *gate) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

// TraceQueryEnd counts an answer of the server.
func (g *gate) TraceQueryEnd(_ context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	if _, refused := errors.AsType[*pgconn.PgError](data.Err); refused || data.Err == nil {
		g.answers.Add(1)
	}
}

// pgUUID returns an id as pgx sends it in binary, without conversion to text, for the statements of
// every request.
func pgUUID(id uuid.UUID) pgtype.UUID { return pgtype.UUID{Bytes: id, Valid: true} }

func pgUUIDs(ids []uuid.UUID) []pgtype.UUID {
	list := make([]pgtype.UUID, len(ids))
	for i, id := range ids {
		list[i] = pgUUID(id)
	}
	return list
}

// Stats implements [store.Store].
func (s *Store) Stats() store.Stats {
	stat := s.pool.Stat()
	return store.Stats{
		Max:     int(stat.MaxConns()),
		Open:    int(stat.TotalConns()),
		InUse:   int(stat.AcquiredConns()),
		Waits:   stat.EmptyAcquireCount() + s.gate.waits.Load(),
		WaitFor: stat.EmptyAcquireWaitTime() + time.Duration(s.gate.waited.Load()),
		Batches: s.rotations.Stats(),
	}
}

// Close implements [store.Store].
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}
