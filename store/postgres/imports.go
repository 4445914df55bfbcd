package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
)

// insertUsers adds a batch in one statement, ordered by id, so that overlapping imports do not
// deadlock. COPY would need an intermediate table, because a row that exists
// already must not fail the others.
//
//	$1 to $7, $15, $17 to $22 the users, one array a column    $16 their generations
//	$8 to $14 the event: at, action, actor, address, user agent, request, reason
const insertUsers = `
WITH incoming AS (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[], $7::timestamptz[], $15::timestamptz[],
            $17::text[], $18::text[], $19::timestamptz[], $20::text[], $21::text[], $22::text[]) AS i
        (id, username, folded, hash, created_at, disabled_at, changed_at, password_disabled_at, email, email_folded, verified_at, locale, roles, claims)
), imported AS (
    INSERT INTO users (id, username, username_folded, password_hash, created_at, disabled_at, password_changed_at, password_disabled_at, generation,
        email, email_folded, email_verified_at, locale, roles, claims, rights_generation)
    SELECT id, username, folded, NULLIF(hash, ''), created_at, disabled_at, changed_at, password_disabled_at, $16,
        NULLIF(email, ''), NULLIF(email_folded, ''), verified_at, locale, roles, claims, $16 FROM incoming ORDER BY id
    ON CONFLICT DO NOTHING
    RETURNING id
), audited AS (
    INSERT INTO audit_events (at, action, actor, user_id, session_id, remote_addr, user_agent, request_id, reason)
    SELECT $8, $9, $10, imported.id, NULL, $11, $12, $13, $14 FROM imported
)
SELECT id FROM imported`

// fillPasswords locks the rows in the order of their ids, as above.
const fillPasswords = `
WITH empty AS (
    SELECT u.id, i.hash, i.changed_at, i.password_disabled_at
    FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[]) AS i (id, folded, hash, changed_at, password_disabled_at)
        JOIN users u ON u.id = i.id AND u.username_folded = i.folded
    WHERE i.hash <> '' AND u.password_hash IS NULL
    ORDER BY u.id
    FOR UPDATE OF u
), filled AS (
    UPDATE users AS u
    SET password_hash = empty.hash, password_changed_at = empty.changed_at,
        password_disabled_at = COALESCE(u.password_disabled_at, empty.password_disabled_at)
    FROM empty
    WHERE u.id = empty.id
    RETURNING u.id
), audited AS (
    INSERT INTO audit_events (at, action, actor, user_id, session_id, remote_addr, user_agent, request_id, reason)
    SELECT $6, $7, $8, filled.id, NULL, $9, $10, $11, $12 FROM filled
)
SELECT id FROM filled`

// selectThere returns the users that exist already, 1 is [store.There], 4 is [store.Bare], and those
// whose id and name are free: 5 is [store.EmailTaken].
const selectThere = `
SELECT i.id, CASE WHEN u.id IS NULL THEN 5 WHEN u.password_hash IS NULL THEN 4 ELSE 1 END
FROM unnest($1::uuid[], $2::text[]) AS i (id, folded)
    LEFT JOIN users u ON u.id = i.id AND u.username_folded = i.folded
WHERE u.id IS NOT NULL OR NOT EXISTS (SELECT 1 FROM users WHERE id = i.id) AND NOT EXISTS (SELECT 1 FROM users WHERE username_folded = i.folded)`

// ImportUsers implements [store.Store].
func (s *Store) ImportUsers(ctx context.Context, users []store.ImportedUser, e store.Event) (outcomes []store.ImportOutcome, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		outcomes, err = importUsers(ctx, tx, columnsOf(users), e)
		return err
	})
	return outcomes, translate("import users", err)
}

// importColumns is users as the statements take them, one array per column.
type importColumns struct {
	ids               []uuid.UUID
	keys              []string // the ids as text
	names, folded     []string
	hashes            []string
	created, changed  []time.Time
	disabled, locked  []*time.Time
	emails, addresses []string // as given, and folded
	verified          []*time.Time
	locales           []string
	roles, claims     []string
}

func columnsOf(users []store.ImportedUser) importColumns {
	var c importColumns
	for _, u := range users {
		c.ids, c.keys = append(c.ids, u.ID), append(c.keys, u.ID.String())
		c.names, c.folded, c.hashes = append(c.names, u.Username), append(c.folded, u.Folded), append(c.hashes, u.PasswordHash)
		c.created, c.changed = append(c.created, u.CreatedAt), append(c.changed, u.PasswordChangedAt)
		c.disabled, c.locked = append(c.disabled, nullable(u.DisabledAt)), append(c.locked, nullable(u.PasswordDisabledAt))
		c.emails, c.addresses = append(c.emails, u.Email.Text), append(c.addresses, u.Email.Folded)
		c.verified, c.locales = append(c.verified, nullable(importedVerifiedAt(u))), append(c.locales, u.Locale)
		c.roles, c.claims = append(c.roles, u.Rights.Roles), append(c.claims, u.Rights.Claims)
	}
	return c
}

// importedVerifiedAt returns when the address of an imported user was verified, zero if it was not.
func importedVerifiedAt(u store.ImportedUser) time.Time {
	at := verifiedAt(u.NewUser)
	if !at.IsZero() && !u.EmailVerifiedAt.IsZero() {
		at = u.EmailVerifiedAt
	}
	return at
}

// nullable is NULL for a zero time.
func nullable(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func importUsers(ctx context.Context, tx pgx.Tx, c importColumns, e store.Event) ([]store.ImportOutcome, error) {
	outcomes := make([]store.ImportOutcome, len(c.ids))
	imported, err := idsOf(ctx, tx, insertUsers, c.keys, c.names, c.folded, c.hashes, c.created, c.disabled, c.changed,
		e.At, string(e.Action), e.Actor, e.RemoteAddr, e.UserAgent, e.RequestID, e.Reason, c.locked, store.NextGeneration(e.At),
		c.emails, c.addresses, c.verified, c.locales, c.roles, c.claims)
	if err != nil || len(imported) == len(c.ids) {
		return outcomes, err
	}
	// These are separate statements, so that they see what others have added meanwhile.
	filled, err := idsOf(ctx, tx, fillPasswords, c.keys, c.folded, c.hashes, c.changed, c.locked,
		e.At, string(store.ActionPasswordImported), e.Actor, e.RemoteAddr, e.UserAgent, e.RequestID, e.Reason)
	if err != nil {
		return nil, err
	}
	there := map[uuid.UUID]store.ImportOutcome{}
	var id [16]byte
	var outcome store.ImportOutcome
	rows, err := tx.Query(ctx, selectThere, c.keys, c.folded)
	if err != nil {
		return nil, err
	}
	if _, err := pgx.ForEachRow(rows, []any{&id, &outcome}, func() error { there[id] = outcome; return nil }); err != nil {
		return nil, err
	}
	for i, id := range c.ids {
		switch was, is := there[id]; {
		case imported[id]:
			outcomes[i] = store.Imported
		case filled[id]:
			outcomes[i] = store.Filled
		case is && (was != store.EmailTaken || c.verified[i] != nil):
			outcomes[i] = was
		default:
			outcomes[i] = store.Taken
		}
	}
	return outcomes, nil
}

// idsOf runs a statement that returns ids.
func idsOf(ctx context.Context, tx pgx.Tx, query string, args ...any) (map[uuid.UUID]bool, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	ids := map[uuid.UUID]bool{}
	var id [16]byte
	_, err = pgx.ForEachRow(rows, []any{&id}, func() error { ids[id] = true; return nil })
	return ids, err
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
