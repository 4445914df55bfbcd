package config

import "time"

// Database is where everything is kept, and how it is reached.
type Database struct {
	// sqlite:FILE keeps everything in one file, for one server. For more than one, or
	// for point-in-time recovery, use postgres://USER:PASSWORD@HOST:PORT/NAME?sslmode=verify-full
	// (PostgreSQL 13 or newer); with several, HOST1:PORT,HOST2:PORT, the primary is taken.
	// Also: DATABASE_URL.
	//
	// A file that holds the URL instead, for it holds a password. Also: DATABASE_URL_FILE.
	URL Secret `key:"url" default:"sqlite:authctl.db"`
	// Connections to PostgreSQL, and readers of SQLite. Raise it when
	// authctl_db_connection_waits_total grows; all nodes together must stay below the
	// server's max_connections.
	MaxConnections int32 `key:"max_connections" default:"10" range:"1..1000"`
	// Connections kept open while idle. Raise it when the first requests after a quiet
	// time must not wait.
	MinConnections int32 `key:"min_connections" default:"0"`
	// How long serve, migrate and commands with --wait try to reach a PostgreSQL that is not up
	// yet. Other commands try for this long too, and for 3s at most.
	ConnectTimeout time.Duration `key:"connect_timeout" default:"30s" range:"0s..10m"`
	// How long one statement may take; sent to PostgreSQL with each connection.
	StatementTimeout time.Duration `key:"statement_timeout" default:"3s" range:"100ms..1m"`
	// How long a transaction may stand idle before PostgreSQL ends its session.
	IdleInTransactionTimeout time.Duration `key:"idle_in_transaction_timeout" default:"10s" range:"100ms..1h"`
	// prepare, or describe or none behind a PgBouncer in transaction mode (the two
	// timeouts above are then not sent; see docs/operating.md).
	StatementCache string `key:"statement_cache" default:"prepare"`
	// Allow a connection to another host that is not both encrypted and verified
	// (sslmode other than verify-full). Only on a network that is yours alone.
	Insecure bool `key:"insecure" default:"false"`
}
