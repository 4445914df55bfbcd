package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/authctl/authctl/migrations"
	"github.com/authctl/authctl/store"
)

// The lock of migrations is tried often, so that nobody waits long once it is free.
const (
	lockInterval = 250 * time.Millisecond
	lockPatience = 5 * time.Minute
)

// reportInterval is the interval of reports about a wait for the lock.
const reportInterval = 5 * time.Second

// gooseLock is the advisory lock of goose itself, and of older releases of authctl.
const gooseLock = 4097083626

// migrationLock returns the advisory lock of one schema: "auth" and a hash of the schema's name.
// Its classid in pg_locks is 1635087464. Installations in other schemas have other locks.
func migrationLock(schema string) int64 {
	h := fnv.New32a()
	h.Write([]byte(schema)) // never fails
	return 0x61757468<<32 | int64(h.Sum32())
}

// LockWait is a wait for the migration lock, which one process at a time can hold.
type LockWait struct {
	Database, Schema string
	Waited           time.Duration
	Holder           string // the holder's process id, and its name, role, address and time if this role may see them
}

// String describes the wait in one sentence.
func (w LockWait) String() string {
	return fmt.Sprintf("the migration lock of schema %s in database %s is held by %s", w.Schema, w.Database, w.Holder)
}

// migrating is a connection that holds the migration lock until it is closed.
type migrating struct {
	*sql.DB
	store *Store
}

// lockMigrations opens a connection without a statement timeout and waits for the lock. It also
// takes the lock of older releases while those may migrate.
func (s *Store) lockMigrations(ctx context.Context) (*migrating, *versions, error) {
	m := &migrating{s.session(), s}
	if err := m.take(ctx, migrationLock(s.home.schema)); err != nil {
		m.Close()
		return nil, nil, err
	}
	v, err := m.versions(ctx)
	if err == nil && v.older {
		if err = m.take(ctx, gooseLock); err == nil {
			v, err = m.versions(ctx) // an older release may have migrated meanwhile
		}
	}
	if err != nil {
		m.Close()
		return nil, nil, err
	}
	return m, v, nil
}

var errLockLost = errors.New("the connection that held the migration lock was lost")

// session returns a pool of one connection that is never replaced, because the lock would be lost
// with it.
func (s *Store) session() *sql.DB {
	cfg := s.pool.Config().ConnConfig
	for _, name := range []string{"statement_timeout", "idle_in_transaction_session_timeout"} {
		if _, sent := cfg.RuntimeParams[name]; sent {
			cfg.RuntimeParams[name] = "0" // overrides the settings of the role
		}
	}
	connected := false
	db := stdlib.OpenDB(*cfg, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		if connected {
			return errLockLost
		}
		connected = true
		return s.home.enter(ctx, conn)
	}))
	db.SetMaxOpenConns(1)
	return db
}

// take waits for a lock, and reports its holder every five seconds.
func (m *migrating) take(ctx context.Context, lock int64) error {
	began, reported := time.Now(), time.Now()
	for {
		var taken bool
		if err := m.QueryRowContext(ctx, `SELECT pg_try_advisory_lock($1)`, lock).Scan(&taken); taken || err != nil {
			return translate("take the migration lock", err)
		}
		if waited := time.Since(began); waited >= lockPatience {
			return m.givenUp(m.wait(ctx, lock, waited))
		}
		if time.Since(reported) >= m.store.reportInterval && m.store.lockWait != nil {
			reported = time.Now()
			m.store.lockWait(m.wait(ctx, lock, time.Since(began)))
		}
		select {
		case <-ctx.Done():
			return translate("wait for the migration lock", ctx.Err())
		case <-time.After(lockInterval):
		}
	}
}

func (m *migrating) givenUp(w LockWait) error {
	return &store.Refusal{
		Err:     store.ErrBusy,
		Message: fmt.Sprintf("after %s %s", w.Waited.Round(time.Second), w),
		Advice:  "if that program is gone, SELECT pg_terminate_backend(PROCESS ID) ends its connection; then run authctl migrate up again",
	}
}

const selectHolder = `
SELECT l.pid, a.application_name, CAST(a.usename AS TEXT), host(a.client_addr), a.backend_start
FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (CAST(l.classid AS BIGINT) << 32) | CAST(l.objid AS BIGINT) = $1
LIMIT 1`

// wait queries who holds the lock. Only members of pg_read_all_stats see the address and time of
// other roles' connections.
func (m *migrating) wait(ctx context.Context, lock int64, waited time.Duration) LockWait {
	w := LockWait{m.store.home.database, m.store.home.schema, waited, "a process that the database does not name"}
	var pid sql.NullInt64
	var name, role, address sql.NullString
	var since sql.NullTime
	if err := m.QueryRowContext(ctx, selectHolder, lock).Scan(&pid, &name, &role, &address, &since); err != nil || !pid.Valid {
		return w
	}
	var known []string
	for _, k := range []struct {
		what  string
		value sql.NullString
	}{{"", name}, {"role ", role}, {"address ", address}} {
		if k.value.String != "" {
			known = append(known, k.what+k.value.String)
		}
	}
	if since.Valid {
		known = append(known, "connected since "+since.Time.UTC().Format(time.RFC3339))
	}
	w.Holder = fmt.Sprintf("process %d", pid.Int64)
	if len(known) > 0 {
		w.Holder += " (" + strings.Join(known, ", ") + ")"
	}
	return w
}

// provider opens goose on the connection that holds the lock, so that goose takes none itself.
func (m *migrating) provider(v *versions) (*goose.Provider, error) {
	p, err := goose.NewProvider(goose.DialectCustom, m.DB, migrations.Postgres(), goose.WithStore(v),
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return nil, fmt.Errorf("load migrations: %w", err)
	}
	return p, nil
}

// versions reads how the applied migrations are recorded.
func (m *migrating) versions(ctx context.Context) (*versions, error) {
	rows, err := m.QueryContext(ctx, selectVersionColumns, m.store.home.schema)
	if err != nil {
		return nil, translate("read schema version", err)
	}
	defer rows.Close()
	there := map[string]bool{}
	for rows.Next() {
		var column string
		if err := rows.Scan(&column); err != nil {
			return nil, translate("read schema version", err)
		}
		there[column] = true
	}
	return newVersions(there), translate("read schema version", rows.Err())
}

// Close releases the locks and closes the connection.
func (m *migrating) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
	defer cancel()
	m.ExecContext(ctx, `SELECT pg_advisory_unlock_all()`) // closing the connection would do the same, but later
	m.ExecContext(ctx, `RESET search_path`)               // a pooler may reuse the connection
	return m.DB.Close()
}
