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

// The limits of a connection's life. Even a good connection is replaced: a new one may lead to
// another server, if a proxy in front of the database has switched over.
const (
	connectionLifetime = 5 * time.Minute
	lifetimeJitter     = time.Minute     // max random addition, so that connections do not all end at once
	idleUntested       = time.Second     // a connection that was idle for longer is pinged before use
	pingTimeout        = time.Second     // for the answer to a ping
	leaveTimeout       = 2 * time.Second // for the server to close its side of a closed connection
	connectTimeout     = 5 * time.Second // for connecting to one host, unless the URL sets it
)

// bound limits the life of a pool's connections. If the URL names several hosts and does not say
// which of them to use, it selects one that takes writes.
func bound(pc *pgxpool.Config, url string) {
	pc.MaxConnLifetime, pc.MaxConnLifetimeJitter = connectionLifetime, lifetimeJitter
	pc.BeforeClose = func(c *pgx.Conn) { // pgx would wait 15 s for the server, and keep the place in the pool
		time.AfterFunc(leaveTimeout, func() { c.PgConn().Conn().Close() })
	}
	if pc.ConnConfig.ConnectTimeout == 0 {
		pc.ConnConfig.ConnectTimeout = connectTimeout
	}
	if severalHosts(pc.ConnConfig) && !choosesHost(pc.ConnConfig, url) {
		pc.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
}

// severalHosts reports whether the URL names several hosts. One host that is tried with and without
// TLS counts once.
func severalHosts(cfg *pgx.ConnConfig) bool {
	for _, f := range cfg.Fallbacks {
		if f.Host != cfg.Host || f.Port != cfg.Port {
			return true
		}
	}
	return false
}

// choosesHost reports whether target_session_attrs is set. The value "any" leaves no trace in cfg.
func choosesHost(cfg *pgx.ConnConfig, url string) bool {
	return cfg.ValidateConnect != nil || os.Getenv("PGTARGETSESSIONATTRS") != "" || strings.Contains(url, "target_session_attrs")
}

// switchover closes the connections to a server that is not, or no longer, the primary, so that new
// connections find the primary at the same address or another.
type switchover struct {
	pool atomic.Pointer[pgxpool.Pool] // nil until there is one
}

// watch registers the switchover for errors from the server, and for connections that do not
// answer.
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

// answers pings a connection. A connection that does not answer is closed, and so are the idle
// ones, because they lead to the same server. The ping ignores the end of ctx: a client that hangs
// up proves nothing.
func (w *switchover) answers(ctx context.Context, c *pgx.Conn) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pingTimeout)
	defer cancel()
	if c.Ping(ctx) == nil {
		return true
	}
	w.reset()
	return false
}

// reset closes the idle connections now, and the others when they are released.
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
		return translate("check whether it takes writes", err)
	}
	if readOnly {
		s.switchover.reset()
		return fmt.Errorf("check whether it takes writes: %w", store.ErrReadOnly)
	}
	return nil
}

// waitingAfter is longer than the default statement_timeout. What takes longer is usually a commit,
// which no timeout ends while it waits for a synchronous standby.
const waitingAfter = 5 * time.Second

// waiting is a tracer that calls back once for each statement that takes longer than waitingAfter.
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
