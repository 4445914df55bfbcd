package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

// One statement for a batch. COPY would need a table between, because a row that is
// there already must not fail the others.
//
//	$1 to $7, $15 the users, one array a column    $16 their generation
//	$8 to $14 the event: at, action, actor, address, user agent, request, reason
const insertUsers = `
WITH incoming AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], $15::timestamptz[])
        WITH ORDINALITY AS i (id, username, folded, hash, created_at, disabled_at, changed_at, password_disabled_at, n)
), imported AS (
    INSERT INTO users (id, username, username_folded, password_hash, created_at, disabled_at, password_changed_at, password_disabled_at, generation)
    SELECT id, username, folded, NULLIF(hash, ''), created_at, disabled_at, changed_at, password_disabled_at, $16 FROM incoming ORDER BY n
    ON CONFLICT DO NOTHING
    RETURNING id
), audited AS (
    INSERT INTO audit_events (at, action, actor, user_id, session_id, remote_addr, user_agent, request_id, reason)
    SELECT $8, $9, $10, imported.id, NULL, $11, $12, $13, $14 FROM imported
)
SELECT CASE WHEN imported.id IS NOT NULL THEN 0 WHEN u.id IS NOT NULL THEN 1 ELSE 2 END
FROM incoming i
    LEFT JOIN imported ON imported.id = i.id
    LEFT JOIN users u ON u.id = i.id AND u.username_folded = i.folded
ORDER BY i.n`

// ImportUsers implements [store.Store].
func (s *Store) ImportUsers(ctx context.Context, users []store.ImportedUser, e store.Event) ([]store.ImportOutcome, error) {
	n := len(users)
	ids, names, folded, hashes := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	created, disabled, changed, locked := make([]time.Time, n), make([]*time.Time, n), make([]time.Time, n), make([]*time.Time, n)
	for i, u := range users {
		ids[i], names[i], folded[i], hashes[i] = u.ID.String(), u.Username, u.Folded, u.PasswordHash
		created[i], changed[i] = u.CreatedAt, u.PasswordChangedAt
		if !u.DisabledAt.IsZero() {
			disabled[i] = &u.DisabledAt
		}
		if !u.PasswordDisabledAt.IsZero() {
			locked[i] = &u.PasswordDisabledAt
		}
	}
	rows, err := s.pool.Query(ctx, insertUsers, ids, names, folded, hashes, created, disabled, changed,
		e.At, string(e.Action), e.Actor, e.RemoteAddr, e.UserAgent, e.RequestID, e.Reason, locked, store.NextGeneration(e.At))
	if err != nil {
		return nil, translate("import users", err)
	}
	outcomes, err := pgx.CollectRows(rows, pgx.RowTo[store.ImportOutcome])
	return outcomes, translate("import users", err)
}

const selectCredentialsPage = `
SELECT ` + userColumns + `, COALESCE(u.password_hash, ''), i.generation, u.generation
FROM users u, installation i
WHERE u.id > $1
ORDER BY u.id
LIMIT $2`

// CredentialsPage implements [store.Store].
func (s *Store) CredentialsPage(ctx context.Context, after uuid.UUID, limit int) ([]store.Credentials, error) {
	rows, err := s.pool.Query(ctx, selectCredentialsPage, pgUUID(after), limit)
	if err != nil {
		return nil, translate("read credentials", err)
	}
	page, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (c store.Credentials, err error) {
		var row userRow
		err = r.Scan(append(row.dest(), &c.PasswordHash, &c.Generation.Installation, &c.Generation.User)...)
		c.User = row.get()
		return c, err
	})
	return page, translate("read credentials", err)
}
