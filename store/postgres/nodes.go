package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

const upsertNode = `
INSERT INTO nodes (id, name, version, started_at, seen_at, staleness, access_ttl, position, keys, era, environment)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (id) DO UPDATE
SET name = $2, version = $3, started_at = $4, seen_at = $5, staleness = $6, access_ttl = $7, position = $8, keys = $9, era = $10, environment = $11`

// SaveNode implements [store.Store].
func (s *Store) SaveNode(ctx context.Context, n store.Node) error {
	_, err := s.pool.Exec(ctx, upsertNode, n.ID, n.Name, n.Version, n.StartedAt, n.SeenAt,
		n.Staleness.Microseconds(), n.AccessTTL.Microseconds(), snapshotOf(n.Position), n.Keys, eraOf(n.Position), n.Environment)
	return translate("save node", err)
}

// deleteNode records when the removed node was last seen, for LastServer.
const deleteNode = `
WITH gone AS (DELETE FROM nodes WHERE id = $1 RETURNING name, seen_at)
UPDATE installation SET server_seen_at = GREATEST(server_seen_at, gone.seen_at) FROM gone`

// RemoveNode implements [store.Store].
func (s *Store) RemoveNode(ctx context.Context, id uuid.UUID) error {
	_, err := s.pool.Exec(ctx, deleteNode, id)
	return translate("remove node", err)
}

const forgetNode = deleteNode + ` RETURNING gone.name`

// ForgetNode implements [store.Store].
func (s *Store) ForgetNode(ctx context.Context, id uuid.UUID, e store.Event) error {
	return translate("forget node", pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var name string
		if err := tx.QueryRow(ctx, forgetNode, id).Scan(&name); err != nil {
			return err
		}
		return record(ctx, tx, e.OfNode(name, id))
	}))
}

// TakeOverNodes implements [store.Store]. It removes none: a server on another machine may only be cut off.
func (s *Store) TakeOverNodes(context.Context) (int, error) { return 0, nil }

const deleteOldNodes = `DELETE FROM nodes WHERE seen_at < $1`

// RemoveOldNodes implements [store.Store].
func (s *Store) RemoveOldNodes(ctx context.Context, seenBefore time.Time) error {
	_, err := s.pool.Exec(ctx, deleteOldNodes, seenBefore)
	return translate("remove old nodes", err)
}

// selectNodes uses the database's clock for Silent, because the machines' clocks may differ.
// A position in another era has no meaning here: the node is behind until it has read everything
// again. Older releases leave era empty; their position is compared as it is.
const selectNodes = currentEra + `
SELECT n.id, n.name, n.version, n.started_at, n.seen_at, n.staleness, n.access_ttl, n.position, n.keys, n.era, n.environment,
    clock_timestamp() - n.seen_at,
    CASE WHEN n.era IN ('', ` + era + `) THEN unread.behind ELSE GREATEST(unread.behind, 1) END,
    CASE WHEN n.era IN ('', ` + era + `) THEN COALESCE(clock_timestamp() - unread.since, '0') ELSE clock_timestamp() - n.seen_at END
FROM nodes n CROSS JOIN now CROSS JOIN LATERAL (
    SELECT count(*) AS behind, min(at) AS since FROM (
        SELECT r.at FROM revocations r
        WHERE r.tx >= pg_snapshot_xmin(n.position::pg_snapshot) AND NOT pg_visible_in_snapshot(r.tx, n.position::pg_snapshot)
            AND ` + fromHere + ` AND r.at <= $1
        LIMIT $2
    ) page
) unread
ORDER BY n.name, n.id`

// Nodes implements [store.Store].
func (s *Store) Nodes(ctx context.Context, upTo time.Time) ([]store.Node, error) {
	rows, err := s.pool.Query(ctx, selectNodes, upTo, store.MaxBehind)
	if err != nil {
		return nil, translate("list nodes", err)
	}
	nodes, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (store.Node, error) {
		var n store.Node
		var staleness, ttl int64
		var snapshot, era string
		err := r.Scan(&n.ID, &n.Name, &n.Version, &n.StartedAt, &n.SeenAt, &staleness, &ttl, &snapshot, &n.Keys, &era, &n.Environment, &n.Silent, &n.Behind, &n.Lag)
		n.StartedAt, n.SeenAt = n.StartedAt.UTC(), n.SeenAt.UTC()
		n.Position = store.Position(strings.TrimPrefix(era+"/"+snapshot, "/"))
		n.Staleness, n.AccessTTL = time.Duration(staleness)*time.Microsecond, time.Duration(ttl)*time.Microsecond
		return n, err
	})
	return nodes, translate("list nodes", err)
}

const selectLastServer = `SELECT clock_timestamp() - GREATEST(server_seen_at, (SELECT max(seen_at) FROM nodes)) FROM installation`

// LastServer implements [store.Store].
func (s *Store) LastServer(ctx context.Context) (store.LastServer, error) {
	var ago *time.Duration
	err := s.pool.QueryRow(ctx, selectLastServer).Scan(&ago)
	if err != nil || ago == nil {
		return store.LastServer{}, translate("query the last server", err)
	}
	return store.LastServer{Ever: true, Ago: *ago}, nil
}
