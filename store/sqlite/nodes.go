package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const upsertNode = `
INSERT INTO nodes (id, name, version, started_at, seen_at, staleness, access_ttl, position, keys, environment)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
ON CONFLICT (id) DO UPDATE
SET name = ?2, version = ?3, started_at = ?4, seen_at = ?5, staleness = ?6, access_ttl = ?7, position = ?8, keys = ?9, environment = ?10`

// SaveNode implements [store.Store].
func (s *Store) SaveNode(ctx context.Context, n store.Node) error {
	_, err := s.exec(ctx, "save node", upsertNode, n.ID, n.Name, n.Version, micros(n.StartedAt), micros(n.SeenAt),
		n.Staleness.Microseconds(), n.AccessTTL.Microseconds(), string(n.Position), n.Keys, n.Environment)
	return err
}

// keepSeen records when a removed node was last seen, for LastServer.
const keepSeen = `
UPDATE installation SET server_seen_at = (
    SELECT max(at) FROM (SELECT server_seen_at AS at UNION ALL SELECT seen_at FROM nodes WHERE id = ?1 OR ?1 IS NULL))`

const deleteNode = `DELETE FROM nodes WHERE id = ?1`

// RemoveNode implements [store.Store].
func (s *Store) RemoveNode(ctx context.Context, id uuid.UUID) error {
	return s.write(ctx, "remove node", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, keepSeen, id); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, deleteNode, id)
		return err
	})
}

const forgetNode = deleteNode + ` RETURNING name`

// ForgetNode implements [store.Store].
func (s *Store) ForgetNode(ctx context.Context, id uuid.UUID, e store.Event) error {
	return s.write(ctx, "forget node", func(tx *sql.Tx) error {
		var name string
		if _, err := tx.ExecContext(ctx, keepSeen, id); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, forgetNode, id).Scan(&name); err != nil {
			return err
		}
		return record(ctx, tx, e.OfNode(name, id))
	})
}

const deleteNodes = `DELETE FROM nodes`

// serversSuffix names the file beside the database on which every server holds a shared lock. The
// file is a database without tables, because SQLite's locks work on every system and end with their
// process.
const serversSuffix = "-servers"

// TakeOverNodes implements [store.Store]. A process that gets the lock exclusively is the only server.
func (s *Store) TakeOverNodes(ctx context.Context) (removed int, err error) {
	if s.servers != nil {
		return 0, nil
	}
	path := s.file.Path() + serversSuffix
	if err := prepareFile(Config{Path: path, Create: true}); err != nil {
		return 0, err
	}
	if s.servers, err = sql.Open("sqlite", dsn(path, "_txlock=deferred")); err != nil {
		return 0, translate("open "+path, err)
	}
	s.servers.SetMaxOpenConns(1) // the transactions below belong to this one connection
	locks := func(statements ...string) error {
		for _, statement := range statements {
			if _, err := s.servers.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	}
	if err := locks(`PRAGMA busy_timeout = 0`, `BEGIN EXCLUSIVE`); err == nil { // an error means that another server runs
		removed, err = s.removeNodes(ctx)
		if err := errors.Join(err, locks(`ROLLBACK`)); err != nil {
			return 0, err
		}
	}
	err = locks(`PRAGMA busy_timeout = 5000`, `BEGIN`, `SELECT count(*) FROM sqlite_schema`)
	return removed, translate("lock "+path, err)
}

// removeNodes removes all of them.
func (s *Store) removeNodes(ctx context.Context) (removed int, err error) {
	err = s.write(ctx, "take nodes over", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, keepSeen, nil); err != nil {
			return err
		}
		gone, err := tx.ExecContext(ctx, deleteNodes)
		if err != nil {
			return err
		}
		n, err := gone.RowsAffected()
		removed = int(n)
		return err
	})
	return removed, err
}

const deleteOldNodes = `DELETE FROM nodes WHERE seen_at < ?1`

// RemoveOldNodes implements [store.Store].
func (s *Store) RemoveOldNodes(ctx context.Context, seenBefore time.Time) error {
	_, err := s.exec(ctx, "remove old nodes", deleteOldNodes, micros(seenBefore))
	return err
}

// selectNodes writes +r.at, so that SQLite does not use its index: most rows are older than upTo. A position after
// the last id is from another history of the file: the node is behind until it has read everything again.
const selectNodes = `
SELECT n.id, n.name, n.version, n.started_at, n.seen_at, n.staleness, n.access_ttl, n.position, n.keys, n.environment,
    ` + clockMicros + ` - n.seen_at,
    CASE WHEN CAST(n.position AS INTEGER) > ` + lastID + ` THEN 1 ELSE
        (SELECT count(*) FROM (SELECT 1 FROM revocations r WHERE r.id > CAST(n.position AS INTEGER) AND +r.at <= ?1 LIMIT ?2)) END,
    CASE WHEN CAST(n.position AS INTEGER) > ` + lastID + ` THEN ` + clockMicros + ` - n.seen_at ELSE COALESCE(` + clockMicros + ` - (SELECT r.at FROM revocations r WHERE r.id > CAST(n.position AS INTEGER) AND +r.at <= ?1 ORDER BY r.id LIMIT 1), 0) END
FROM nodes n
ORDER BY n.name, n.id`

// Nodes implements [store.Store].
func (s *Store) Nodes(ctx context.Context, upTo time.Time) ([]store.Node, error) {
	rows, err := s.reader.QueryContext(ctx, selectNodes, micros(upTo), store.MaxBehind)
	if err != nil {
		return nil, translate("list nodes", err)
	}
	defer rows.Close()
	var nodes []store.Node
	for rows.Next() {
		var n store.Node
		var started, seen, staleness, ttl, silent, lag int64
		if err := rows.Scan(&n.ID, &n.Name, &n.Version, &started, &seen, &staleness, &ttl, &n.Position, &n.Keys, &n.Environment, &silent, &n.Behind, &lag); err != nil {
			return nil, translate("list nodes", err)
		}
		n.StartedAt, n.SeenAt = instant(started), instant(seen)
		n.Staleness, n.AccessTTL = time.Duration(staleness)*time.Microsecond, time.Duration(ttl)*time.Microsecond
		n.Silent, n.Lag = time.Duration(silent)*time.Microsecond, time.Duration(lag)*time.Microsecond
		nodes = append(nodes, n)
	}
	return nodes, translate("list nodes", rows.Err())
}

const selectLastServer = `
SELECT ` + clockMicros + ` - (SELECT max(at) FROM (SELECT server_seen_at AS at UNION ALL SELECT seen_at FROM nodes)) FROM installation`

// LastServer implements [store.Store].
func (s *Store) LastServer(ctx context.Context) (store.LastServer, error) {
	var ago sql.NullInt64
	err := s.reader.QueryRowContext(ctx, selectLastServer).Scan(&ago)
	if err != nil || !ago.Valid {
		return store.LastServer{}, translate("query the last server", err)
	}
	return store.LastServer{Ever: true, Ago: time.Duration(ago.Int64) * time.Microsecond}, nil
}
