package postgres

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/authctl/authctl/store"
)

// How long a connection is used, however well it works: whatever stands before the database
// may lead a new one somewhere else.
const (
	connectionLifetime = 5 * time.Minute
	lifetimeJitter     = time.Minute     // added at random, so that they do not all end at once
	idleUntested       = time.Second     // that one may be idle and is used without a ping
	pingTimeout        = time.Second     // for the answer to a ping
	leaveTimeout       = 2 * time.Second // for the server to end its side of one that is closed
	connectTimeout     = 5 * time.Second // for one host to take a new one, where the URL does not say
)

// bound limits the life of a pool's connections. Where the URL names several hosts, and does
// not say which of them it wants, it wants one that takes writes.
func bound(pc *pgxpool.Config, url string) {
	pc.MaxConnLifetime, pc.MaxConnLifetimeJitter = connectionLifetime, lifetimeJitter
	pc.BeforeClose = func(c *pgx.Conn) { // pgx waits 15 s for the server's end, and the place in the pool is taken meanwhile
		time.AfterFunc(leaveTimeout, func() { c.PgConn().Conn().Close() })
	}
	if pc.ConnConfig.ConnectTimeout == 0 {
		pc.ConnConfig.ConnectTimeout = connectTimeout
	}
	if severalHosts(pc.ConnConfig) && !choosesHost(pc.ConnConfig, url) {
		pc.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
}

// severalHosts leaves aside that one host may be tried with and without TLS.
func severalHosts(cfg *pgx.ConnConfig) bool {
	for _, f := range cfg.Fallbacks {
		if f.Host != cfg.Host || f.Port != cfg.Port {
			return true
		}
	}
	return false
}

// choosesHost reports whether target_session_attrs is set; "any" leaves no trace in cfg.
func choosesHost(cfg *pgx.ConnConfig, url string) bool {
	return cfg.ValidateConnect != nil || os.Getenv("PGTARGETSESSIONATTRS") != "" || strings.Contains(url, "target_session_attrs")
}

// switchover ends the connections to a server that is not, or no longer, the primary, so that
// the next ones find the primary, behind the same address or another.
type switchover struct {
	pool atomic.Pointer[pgxpool.Pool] // nil until there is one
}

// watch has it hear of the errors that the server answers with, and of connections that fall
// silent.
func (w *switchover) watch(pc *pgxpool.Config) {
	pc.ShouldPing = func(ctx context.Context, p pgxpool.ShouldPingParams) bool {
		return p.IdleDuration > idleUntested && !w.answers(ctx, p.Conn)
	}
	fatal := pc.ConnConfig.OnPgError
	pc.ConnConfig.OnPgError = func(c *pgconn.PgConn, e *pgconn.PgError) (keep bool) {
		switch e.Code {
		case "25006": // read_only_sql_transaction
			w.reset()
			return false
		case "57P01", "57P02", "57P03": // admin_shutdown, crash_shutdown, cannot_connect_now
			return false
		}
		return fatal == nil || fatal(c, e)
	}
}

// answers pings a connection. One that does not answer is closed, and the pool finds it so;
// what is idle beside it leads to the same server. Who hangs up meanwhile proves nothing.
func (w *switchover) answers(ctx context.Context, c *pgx.Conn) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingTimeout)
	defer cancel()
	if c.Ping(ctx) == nil {
		return true
	}
	w.reset()
	return false
}

// reset closes the connections that are idle, and the others when they are given back.
func (w *switchover) reset() {
	if pool := w.pool.Load(); pool != nil {
		pool.Reset()
	}
}

const selectReadOnly = `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean`

// Writable implements [store.Store].
func (s *Store) Writable(ctx context.Context) error {
	var readOnly bool
	if err := s.pool.QueryRow(ctx, selectReadOnly).Scan(&readOnly); err != nil {
		return translate("ask whether it takes writes", err)
	}
	if readOnly {
		s.switchover.reset()
		return fmt.Errorf("ask whether it takes writes: %w", store.ErrReadOnly)
	}
	return nil
}

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
