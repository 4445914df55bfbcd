package postgres

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Config is how to reach the database.
type Config struct {
	// URL is postgres://… or key=value words, as libpq reads them. Its words for the size
	// of the pool and the life of connections count for nothing. With several hosts and no target_session_attrs it asks for read-write.
	URL            string
	MaxConnections int32 // 0 for 10
	MinConnections int32 // kept open while idle

	// StatementTimeout and IdleInTransactionTimeout are set on every session, and
	// so is a lock_timeout of two seconds; 0 leaves the server's. They are sent as
	// startup parameters, which PgBouncer refuses unless its setting
	// ignore_startup_parameters names them, and a SET would not stay with us
	// there. So they are left out unless StatementCache is "prepare"; behind
	// PgBouncer set them with ALTER ROLE … SET.
	StatementTimeout         time.Duration
	IdleInTransactionTimeout time.Duration

	// StatementCache is "prepare" (or ""): statements are prepared once a
	// connection; "describe": only their parameter types are remembered; "none":
	// neither. The latter two work through PgBouncer in transaction mode; the first
	// from PgBouncer 1.21, with max_prepared_statements set. None of them uses the
	// simple protocol, and a URL whose default_query_exec_mode asks for it is
	// refused. Migrate past PgBouncer: the migration's lock belongs to a session.
	StatementCache string

	Tracer pgx.QueryTracer // sees every statement; nil for none

	// Waiting, if not nil, is called once for each statement that has had no answer for five
	// seconds, with that time, from another goroutine.
	Waiting func(since time.Duration)

	// LockWait, if not nil, is called each five seconds while a migration waits for another one.
	LockWait func(LockWait)

	// SeparateSchema is the schema that [Store.MigrateUp] may make an installation in although the
	// database has one in another schema; "" for none. It must be the one that the search path leads to.
	SeparateSchema string
}

func poolConfig(cfg Config) (*pgxpool.Config, error) {
	pc, err := pgxpool.ParseConfig(cfg.URL)
	if err == nil && misread(cfg.URL) {
		err = errMisread
	}
	if err != nil {
		return nil, unreadable(err)
	}
	if err := checkProtocol(pc.ConnConfig); err != nil {
		return nil, err
	}
	params := pc.ConnConfig.RuntimeParams
	if params["application_name"] == "" {
		params["application_name"] = "authctl"
	}
	params["timezone"] = "UTC"
	switch cfg.StatementCache {
	case "", "prepare":
		pc.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
		params["lock_timeout"] = "2000"
		setTimeout(params, "statement_timeout", cfg.StatementTimeout)
		setTimeout(params, "idle_in_transaction_session_timeout", cfg.IdleInTransactionTimeout)
	case "describe":
		pc.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	case "none":
		pc.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	default:
		return nil, fmt.Errorf("statement cache %q is none of prepare, describe, none", cfg.StatementCache)
	}
	pc.MaxConns, pc.MinConns = cfg.MaxConnections, cfg.MinConnections
	if pc.MaxConns == 0 {
		pc.MaxConns = 10
	}
	if pc.MaxConns < 0 || pc.MinConns < 0 || pc.MinConns > pc.MaxConns {
		return nil, fmt.Errorf("a pool of %d to %d connections is not possible", pc.MinConns, pc.MaxConns)
	}
	bound(pc, cfg.URL)
	return pc, nil
}

// unreadable explains a URL that pgx cannot parse. Its own message quotes the
// URL, and what a broken one holds of a password cannot be told for certain, so
// nothing of it is repeated.
func unreadable(err error) error {
	reason := "it is not a connection string of PostgreSQL; special characters in its password must be percent-encoded"
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		reason = "a file that it names cannot be read"
	}
	return errors.New("database URL: " + reason)
}

var errMisread = errors.New("the password ends too early")

// misread reports whether a slash, a question mark or a number sign in the
// password has cut it short, so that the rest of it would be taken for the name
// of a database or of a setting.
func misread(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return false
	}
	name, _, _ := strings.Cut(u.RawQuery, "=")
	return u.Fragment != "" || strings.Contains(u.EscapedPath(), "@") || strings.Contains(name, "@")
}

// checkProtocol refuses the simple protocol, in which values travel within the
// text of the statement, however the setting is written.
func checkProtocol(cfg *pgx.ConnConfig) error {
	simple := cfg.DefaultQueryExecMode == pgx.QueryExecModeSimpleProtocol
	for name := range cfg.RuntimeParams { // pgx takes the lower-case name only
		simple = simple || strings.EqualFold(name, "default_query_exec_mode")
	}
	if simple {
		return errors.New("database URL: remove default_query_exec_mode; behind PgBouncer choose another statement cache instead")
	}
	return nil
}

func setTimeout(params map[string]string, name string, d time.Duration) {
	if d > 0 {
		params[name] = strconv.FormatInt(max(d.Milliseconds(), 1), 10)
	}
}

// Insecure reports whether connecting with connString may send data to another host
// without encryption, or without checking who that host is: anything but
// sslmode=verify-full, except on a socket or the loopback interface.
// It fails as [Open] does for a string that cannot be used.
func Insecure(connString string) (bool, error) {
	pc, err := poolConfig(Config{URL: connString})
	if err != nil {
		return false, err
	}
	cfg := pc.ConnConfig
	attempts := append([]*pgconn.FallbackConfig{{Host: cfg.Host, TLSConfig: cfg.TLSConfig}}, cfg.Fallbacks...)
	for _, a := range attempts {
		if !local(a.Host) && (a.TLSConfig == nil || a.TLSConfig.InsecureSkipVerify) {
			return true, nil
		}
	}
	return false, nil
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@") || host == "localhost" || (ip != nil && ip.IsLoopback())
}
