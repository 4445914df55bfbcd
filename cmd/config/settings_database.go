package config

import "time"

// Database is where everything is kept, and how it is reached.
type Database struct {
	// sqlite:FILE keeps everything in one file, for one server. For several servers, or for
	// point-in-time recovery, use postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=verify-full
	// (PostgreSQL 13 or newer). If it names several hosts (HOST1:PORT,HOST2:PORT), authctl
	// connects to the primary. Also: DATABASE_URL.
	//
	// A file with the URL instead, because the URL contains a password. Also: DATABASE_URL_FILE.
	URL Secret `key:"url" default:"sqlite:authctl.db"`
	// Maximum number of connections to PostgreSQL, and of readers of SQLite. Raise it when
	// authctl_db_connection_waits_total grows. The sum over all nodes must stay below the
	// max_connections of PostgreSQL.
	MaxConnections int32 `key:"max_connections" default:"10" range:"1..1000"`
	// Connections kept open while idle. Raise it when the first requests after a quiet time must
	// not wait for a connection.
	MinConnections int32 `key:"min_connections" default:"0"`
	// How long serve, migrate and commands with --wait try to reach a PostgreSQL that does not run
	// yet. Other commands try for this long, but at most 3s.
	ConnectTimeout time.Duration `key:"connect_timeout" default:"30s" range:"0s..10m"`
	// Maximum duration of one statement. PostgreSQL receives it with each connection.
	StatementTimeout time.Duration `key:"statement_timeout" default:"3s" range:"100ms..1m"`
	// How long a transaction may be idle before PostgreSQL ends its session.
	IdleInTransactionTimeout time.Duration `key:"idle_in_transaction_timeout" default:"10s" range:"100ms..1h"`
	// prepare; behind a PgBouncer in transaction mode, describe or none. The two timeouts above
	// are then not sent (see docs/operating.md).
	StatementCache string `key:"statement_cache" default:"prepare"`
	// Allow a connection to another host that is not both encrypted and verified (sslmode other
	// than verify-full). Use it only on a network that is yours alone.
	Insecure bool `key:"insecure" default:"false"`
}
