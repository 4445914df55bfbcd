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

// Config says how to connect to the database.
type Config struct {
	// URL is postgres://… or key=value words, as libpq reads them. Its settings for the size of the
	// pool and the life of connections are ignored. With several hosts, target_session_attrs
	// defaults to read-write.
	URL            string
	MaxConnections int32 // 0 for 10
	MinConnections int32 // kept open while idle

	// StatementTimeout and IdleInTransactionTimeout are set on every session, together
	// with a lock_timeout of two seconds; 0 keeps the server's. They are sent as
	// startup parameters. PgBouncer refuses those unless its setting
	// ignore_startup_parameters names them, and a SET would not stay with this client
	// there. So they are sent only if StatementCache is "prepare"; behind
	// PgBouncer set them with ALTER ROLE … SET.
	StatementTimeout         time.Duration
	IdleInTransactionTimeout time.Duration

	// StatementCache is "prepare" (or ""): statements are prepared once per
	// connection; "describe": only their parameter types are remembered; "none":
	// neither. The last two work through PgBouncer in transaction mode; the first
	// from PgBouncer 1.21, with max_prepared_statements set. None of them uses the
	// simple protocol, and a URL whose default_query_exec_mode requests it is
	// refused. Migrations must bypass PgBouncer: their lock belongs to a session.
	StatementCache string

	Tracer pgx.QueryTracer // sees every statement; nil for none

	// Waiting, if not nil, is called from another goroutine, once for each statement that has had
	// no answer for five seconds. Its argument is that time.
	Waiting func(since time.Duration)

	// LockWait, if not nil, is called every five seconds while a migration waits for another.
	LockWait func(LockWait)

	// SeparateSchema is the schema in which [Store.MigrateUp] may make an installation although the
	// database has one in another schema; "" for none. The search path must lead to it.
	SeparateSchema string
}

// The values of [Config].StatementCache.
const (
	cachePrepare  = "prepare"
	cacheDescribe = "describe"
	cacheNone     = "none"
)

// CheckStatementCache returns an error, with text for a person, unless mode is a word for
// [Config].StatementCache.
func CheckStatementCache(mode string) error {
	switch mode {
	case cachePrepare, cacheDescribe, cacheNone:
		return nil
	}
	return fmt.Errorf("must be %s or %s or %s, not %q", cachePrepare, cacheDescribe, cacheNone, mode)
}

// CheckMinConnections returns an error, with text for a person, unless a pool of at most most
// connections can keep least of them open.
func CheckMinConnections(least, most int32) error {
	if least < 0 || least > most {
		return fmt.Errorf("must be 0 to max_connections (%d), not %d", most, least)
	}
	return nil
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
	case "", cachePrepare:
		pc.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
		params["lock_timeout"] = "2000"
		setTimeout(params, "statement_timeout", cfg.StatementTimeout)
		setTimeout(params, "idle_in_transaction_session_timeout", cfg.IdleInTransactionTimeout)
	case cacheDescribe:
		pc.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	case cacheNone:
		pc.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	default:
		return nil, fmt.Errorf("statement cache: %w", CheckStatementCache(cfg.StatementCache))
	}
	pc.MaxConns, pc.MinConns = cfg.MaxConnections, cfg.MinConnections
	if pc.MaxConns == 0 {
		pc.MaxConns = 10
	}
	if err := CheckMinConnections(pc.MinConns, pc.MaxConns); err != nil {
		return nil, fmt.Errorf("a pool cannot have %d to %d connections: idle ones %w", pc.MinConns, pc.MaxConns, err)
	}
	bound(pc, cfg.URL)
	return pc, nil
}

// unreadable explains a URL that pgx cannot parse. pgx's own message quotes the URL. Nobody can
// tell which part of a broken URL is the password, so this message repeats nothing of it.
func unreadable(err error) error {
	reason := "it is not a connection string of PostgreSQL; special characters in its password must be percent-encoded"
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		reason = "a file that it names cannot be read"
	}
	return errors.New("database URL: " + reason)
}

var errMisread = errors.New("the password ends too early")

// misread reports whether an unescaped slash, question mark or number sign has cut the password
// short. The rest of the password would then become the name of a database or of a setting.
func misread(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || !strings.HasPrefix(u.Scheme, "postgres") {
		return false
	}
	name, _, _ := strings.Cut(u.RawQuery, "=")
	return u.Fragment != "" || strings.Contains(u.EscapedPath(), "@") || strings.Contains(name, "@")
}

// checkProtocol refuses the simple protocol, which sends values within the text of the statement,
// however the setting is spelled.
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

// Insecure reports whether connecting with connString may send data to another host without
// encryption, or without verifying that host. That holds for everything except sslmode=verify-full,
// a socket, and the loopback interface. It fails as [Open] does for an unusable string.
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
