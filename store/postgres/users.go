package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/authctl/authctl/store"
)

const userColumns = `u.id, u.username, u.username_folded, u.created_at, u.disabled_at, u.password_changed_at, u.failed_logins, u.password_disabled_at,
    COALESCE(u.email, ''), u.email_verified_at, u.locale, u.roles, u.claims, u.rights_generation`

// columnsRead is the capacity for the destinations of a scan: those of userColumns, and as many that
// most queries read after them.
const columnsRead = 28

// userRow scans userColumns.
type userRow struct {
	user                             store.User
	disabled, passwordGone, verified pgtype.Timestamptz // scanned in binary, unlike a pointer
}

// dest returns the destinations of a scan. It reads the id as bytes; see pgUUID.
func (r *userRow) dest() []any {
	u := &r.user
	return append(make([]any, 0, columnsRead), (*[16]byte)(&u.ID), &u.Username, &u.Folded, &u.CreatedAt, &r.disabled, &u.PasswordChangedAt, &u.FailedLogins, &r.passwordGone,
		&u.Email, &r.verified, &u.Locale, &u.Rights.Roles, &u.Rights.Claims, &u.Rights.Generation)
}

func (r *userRow) get() store.User {
	u := r.user
	u.CreatedAt, u.PasswordChangedAt, u.DisabledAt = u.CreatedAt.UTC(), u.PasswordChangedAt.UTC(), r.disabled.Time.UTC()
	u.PasswordDisabledAt, u.EmailVerifiedAt = r.passwordGone.Time.UTC(), r.verified.Time.UTC()
	return u
}

// userChange is a change to one user.
type userChange struct {
	op           string // names the change in errors
	query        string // returns userColumns and a generation
	args         []any
	endsSessions bool                                                         // the generation is published
	also         func(context.Context, pgx.Tx, store.User, store.Event) error // runs in the same transaction; nil for nothing
}

// changeUser carries out a change and writes its event, in one transaction.
func (s *Store) changeUser(ctx context.Context, c userChange, e store.Event) (store.User, error) {
	var row userRow
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		var generation int64
		if err := tx.QueryRow(ctx, c.query, c.args...).Scan(append(row.dest(), &generation)...); err != nil {
			return err
		}
		if c.endsSessions {
			if err := publish(ctx, tx, store.Revocation{At: e.At, UserID: row.user.ID, Generation: generation}); err != nil {
				return err
			}
		}
		if c.also != nil {
			if err := c.also(ctx, tx, row.get(), e); err != nil {
				return err
			}
		}
		return record(ctx, tx, e)
	})
	if err != nil {
		return store.User{}, translate(c.op, err)
	}
	return row.get(), nil
}

const selectCredentials = `
SELECT ` + userColumns + `, COALESCE(u.password_hash, ''), i.generation, u.generation
FROM users u, installation i
WHERE u.username_folded = $1`

// Credentials implements [store.Store].
func (s *Store) Credentials(ctx context.Context, folded string) (store.Credentials, error) {
	var c store.Credentials
	var row userRow
	err := s.pool.QueryRow(ctx, selectCredentials, folded).
		Scan(append(row.dest(), &c.PasswordHash, &c.Generation.Installation, &c.Generation.User)...)
	if err != nil {
		return store.Credentials{}, translate("read credentials", err)
	}
	c.User = row.get()
	return c, nil
}

const selectCredentialsByID = `
SELECT ` + userColumns + `, COALESCE(u.password_hash, ''), i.generation, u.generation
FROM users u, installation i
WHERE u.id = $1`

// CredentialsByID implements [store.Store].
func (s *Store) CredentialsByID(ctx context.Context, id uuid.UUID) (store.Credentials, error) {
	var c store.Credentials
	var row userRow
	err := s.pool.QueryRow(ctx, selectCredentialsByID, pgUUID(id)).
		Scan(append(row.dest(), &c.PasswordHash, &c.Generation.Installation, &c.Generation.User)...)
	if err != nil {
		return store.Credentials{}, translate("read credentials", err)
	}
	c.User = row.get()
	return c, nil
}

const selectUser = `SELECT ` + userColumns + ` FROM users u WHERE u.username_folded = $1`

// User implements [store.Store].
func (s *Store) User(ctx context.Context, folded string) (store.User, error) {
	var row userRow
	if err := s.pool.QueryRow(ctx, selectUser, folded).Scan(row.dest()...); err != nil {
		return store.User{}, translate("read user", err)
	}
	return row.get(), nil
}

const selectUserByID = `SELECT ` + userColumns + ` FROM users u WHERE u.id = $1`

// UserByID implements [store.Store].
func (s *Store) UserByID(ctx context.Context, id uuid.UUID) (store.User, error) {
	var row userRow
	if err := s.pool.QueryRow(ctx, selectUserByID, pgUUID(id)).Scan(row.dest()...); err != nil {
		return store.User{}, translate("read user", err)
	}
	return row.get(), nil
}

// selectUsers reads a page that is a range of the names, so that it is fast even if it selects few
// users. It always returns the last user of the page, because the next page begins after that.
const selectUsers = `
WITH page AS (
    SELECT id, username, username_folded, created_at, disabled_at, password_changed_at, failed_logins, password_disabled_at,
        email, email_verified_at, locale, roles, claims, rights_generation, password_hash, generation,
        ($2 = '' OR strpos(username_folded, $2) > 0 OR strpos(email_folded, $2) > 0) IS TRUE AND (NOT $3 OR disabled_at IS NOT NULL)
            AND ($5::text[] IS NULL OR string_to_array(roles, ' ') && $5) AS selected
    FROM users
    WHERE username_folded > $1
    ORDER BY username_folded
    LIMIT $4
)
SELECT ` + userColumns + `, COALESCE(u.password_hash, ''), i.generation, u.generation, u.selected, edge.looked
FROM page u, installation i, (SELECT count(*) AS looked, max(username_folded) AS last FROM page) AS edge
WHERE u.selected OR u.username_folded = edge.last
ORDER BY u.username_folded`

// Users implements [store.Store].
func (s *Store) Users(ctx context.Context, p store.UserPage) (users []store.Credentials, next string, err error) {
	err = pastDeadRows(ctx, func() error {
		users, next = nil, ""
		rows, err := s.pool.Query(ctx, selectUsers, p.After, p.Search, p.Disabled, p.Limit, p.Roles)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var row userRow
			var c store.Credentials
			var selected bool
			var looked int
			if err := rows.Scan(append(row.dest(), &c.PasswordHash, &c.Generation.Installation, &c.Generation.User, &selected, &looked)...); err != nil {
				return err
			}
			c.User = row.get()
			if selected {
				users = append(users, c)
			}
			if looked == p.Limit {
				next = c.User.Folded
			}
		}
		return rows.Err()
	})
	return users, next, translate("list users", err)
}

const selectHashes = `
WITH page AS (
    SELECT id, password_hash AS hash FROM users WHERE id > $2 ORDER BY id LIMIT $3
)
SELECT id, hash FROM page
WHERE right(hash, 1) = '=' OR left(hash, length($1)) <> $1 OR substr(hash, length($1) + 1, 1) <> '$' AND substr(hash, length($1) + 1, 7) <> ',keyid='
UNION ALL
(SELECT id, NULL FROM page ORDER BY id DESC LIMIT 1)`

// HashesOtherThan implements [store.Store].
func (s *Store) HashesOtherThan(ctx context.Context, cost string, after uuid.UUID, limit int) (hashes []string, next uuid.UUID, err error) {
	rows, err := s.pool.Query(ctx, selectHashes, cost, pgUUID(after), limit)
	if err != nil {
		return nil, uuid.Nil, translate("query hashes", err)
	}
	var id uuid.UUID
	var hash *string
	_, err = pgx.ForEachRow(rows, []any{&id, &hash}, func() error {
		if hash == nil {
			next = id
		} else {
			hashes = append(hashes, *hash)
		}
		return nil
	})
	return hashes, next, translate("query hashes", err)
}

const updatePassword = `
UPDATE users AS u SET password_hash = $2, password_changed_at = $3, failed_logins = 0, password_disabled_at = NULL,
    generation = GREATEST(u.generation + 1, $4)
WHERE u.id = $1
RETURNING ` + userColumns + `, u.generation`

// SetPassword implements [store.Store].
func (s *Store) SetPassword(ctx context.Context, id uuid.UUID, hash string, notice *store.NewMail, e store.Event) (store.User, error) {
	return s.changeUser(ctx, userChange{
		op: "set password", query: updatePassword,
		args:         []any{id, hash, e.At, store.NextGeneration(e.At)},
		endsSessions: true, also: passwordSet(notice),
	}, e)
}

// passwordSet returns what follows a new password: it forgets the attempts of the user, ends the
// links, and queues a notice.
func passwordSet(notice *store.NewMail) func(context.Context, pgx.Tx, store.User, store.Event) error {
	return func(ctx context.Context, tx pgx.Tx, u store.User, e store.Event) error {
		if err := clearUser(ctx, tx, u, e); err != nil {
			return err
		}
		if err := endLinks(ctx, tx, u, e); err != nil {
			return err
		}
		return queueMail(ctx, tx, notice, ownerOf(u), e)
	}
}

const updateDisabled = `
UPDATE users AS u SET disabled_at = COALESCE(u.disabled_at, $2), generation = GREATEST(u.generation + 1, $3)
WHERE u.id = $1
RETURNING ` + userColumns + `, u.generation`

// DisableUser implements [store.Store].
func (s *Store) DisableUser(ctx context.Context, id uuid.UUID, e store.Event) (store.User, error) {
	return s.changeUser(ctx, userChange{
		op: "disable user", query: updateDisabled,
		args:         []any{id, e.At, store.NextGeneration(e.At)},
		endsSessions: true, also: endLinks,
	}, e)
}

const updateEnabled = `UPDATE users AS u SET disabled_at = NULL WHERE u.id = $1 RETURNING ` + userColumns + `, u.generation`

// EnableUser implements [store.Store].
func (s *Store) EnableUser(ctx context.Context, id uuid.UUID, e store.Event) (store.User, error) {
	return s.changeUser(ctx, userChange{op: "enable user", query: updateEnabled, args: []any{id}}, e)
}
