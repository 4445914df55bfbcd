package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// userColumns uses the name users, not an alias, because RETURNING knows no alias.
const userColumns = `users.id, users.username, users.username_folded, users.created_at, users.disabled_at, users.password_changed_at, users.failed_logins, users.password_disabled_at,
    COALESCE(users.email, ''), users.email_verified_at, users.locale, users.roles, users.claims, users.rights_generation`

// columnsRead is the capacity for the destinations of a scan: those of userColumns, and as many that
// most queries read after them.
const columnsRead = 28

// userRow scans userColumns.
type userRow struct {
	user                             store.User
	created, changed                 int64
	disabled, passwordGone, verified sql.NullInt64
}

func (r *userRow) dest() []any {
	u := &r.user
	return append(make([]any, 0, columnsRead), &u.ID, &u.Username, &u.Folded, &r.created, &r.disabled, &r.changed, &u.FailedLogins, &r.passwordGone,
		&u.Email, &r.verified, &u.Locale, &u.Rights.Roles, &u.Rights.Claims, &u.Rights.Generation)
}

func (r *userRow) get() store.User {
	u := r.user
	u.CreatedAt, u.PasswordChangedAt, u.DisabledAt = instant(r.created), instant(r.changed), utc(r.disabled)
	u.PasswordDisabledAt, u.EmailVerifiedAt = utc(r.passwordGone), utc(r.verified)
	return u
}

// userChange is a change to one user.
type userChange struct {
	op           string // names the change in errors
	query        string // returns userColumns and a generation
	args         []any
	endsSessions bool                                                          // the generation is published
	also         func(context.Context, *sql.Tx, store.User, store.Event) error // runs in the same transaction; nil for nothing
}

// changeUser carries out a change and writes its event, in one transaction.
func (s *Store) changeUser(ctx context.Context, c userChange, e store.Event) (store.User, error) {
	var row userRow
	err := s.write(ctx, c.op, func(tx *sql.Tx) error {
		var generation int64
		if err := tx.QueryRowContext(ctx, c.query, c.args...).Scan(append(row.dest(), &generation)...); err != nil {
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
		return store.User{}, err
	}
	return row.get(), nil
}

const selectCredentials = `
SELECT ` + userColumns + `, COALESCE(users.password_hash, ''), i.generation, users.generation
FROM users, installation i
WHERE users.username_folded = ?1`

// Credentials implements [store.Store].
func (s *Store) Credentials(ctx context.Context, folded string) (store.Credentials, error) {
	var c store.Credentials
	var row userRow
	err := s.read(ctx, selectCredentials, []any{folded},
		append(row.dest(), &c.PasswordHash, &c.Generation.Installation, &c.Generation.User))
	if err != nil {
		return store.Credentials{}, translate("read credentials", err)
	}
	c.User = row.get()
	return c, nil
}

const selectCredentialsByID = `
SELECT ` + userColumns + `, COALESCE(users.password_hash, ''), i.generation, users.generation
FROM users, installation i
WHERE users.id = ?1`

// CredentialsByID implements [store.Store].
func (s *Store) CredentialsByID(ctx context.Context, id uuid.UUID) (store.Credentials, error) {
	var c store.Credentials
	var row userRow
	err := s.read(ctx, selectCredentialsByID, []any{id},
		append(row.dest(), &c.PasswordHash, &c.Generation.Installation, &c.Generation.User))
	if err != nil {
		return store.Credentials{}, translate("read credentials", err)
	}
	c.User = row.get()
	return c, nil
}

const selectUser = `SELECT ` + userColumns + ` FROM users WHERE users.username_folded = ?1`

// User implements [store.Store].
func (s *Store) User(ctx context.Context, folded string) (store.User, error) {
	var row userRow
	if err := s.reader.QueryRowContext(ctx, selectUser, folded).Scan(row.dest()...); err != nil {
		return store.User{}, translate("read user", err)
	}
	return row.get(), nil
}

const selectUserByID = `SELECT ` + userColumns + ` FROM users WHERE users.id = ?1`

// UserByID implements [store.Store].
func (s *Store) UserByID(ctx context.Context, id uuid.UUID) (store.User, error) {
	var row userRow
	if err := s.read(ctx, selectUserByID, []any{id}, row.dest()); err != nil {
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
        (?2 = '' OR instr(username_folded, ?2) > 0 OR instr(email_folded, ?2) > 0) IS TRUE AND (NOT ?3 OR disabled_at IS NOT NULL)
            AND (?5 = 'null' OR EXISTS (SELECT 1 FROM json_each(?5) WHERE instr(' ' || roles || ' ', ' ' || value || ' ') > 0)) AS selected
    FROM users
    WHERE username_folded > ?1
    ORDER BY username_folded
    LIMIT ?4
)
SELECT ` + userColumns + `, COALESCE(users.password_hash, ''), i.generation, users.generation, users.selected, edge.looked
FROM page AS users, installation i, (SELECT count(*) AS looked, max(username_folded) AS last FROM page) AS edge
WHERE users.selected OR users.username_folded = edge.last
ORDER BY users.username_folded`

// Users implements [store.Store].
func (s *Store) Users(ctx context.Context, p store.UserPage) (users []store.Credentials, next string, err error) {
	roles, err := json.Marshal(p.Roles)
	if err != nil {
		return nil, "", err
	}
	rows, err := s.reader.QueryContext(ctx, selectUsers, p.After, p.Search, p.Disabled, p.Limit, string(roles))
	if err != nil {
		return nil, "", translate("list users", err)
	}
	defer rows.Close()
	for rows.Next() {
		var row userRow
		var c store.Credentials
		var selected bool
		var looked int
		if err := rows.Scan(append(row.dest(), &c.PasswordHash, &c.Generation.Installation, &c.Generation.User, &selected, &looked)...); err != nil {
			return nil, "", translate("list users", err)
		}
		c.User = row.get()
		if selected {
			users = append(users, c)
		}
		if looked == p.Limit {
			next = c.User.Folded
		}
	}
	return users, next, translate("list users", rows.Err())
}

const selectHashes = `
WITH page AS (
    SELECT id, password_hash AS hash FROM users WHERE id > ?2 ORDER BY id LIMIT ?3
)
SELECT id, hash FROM page
WHERE substr(hash, -1) = '=' OR substr(hash, 1, length(?1)) <> ?1 OR substr(hash, length(?1) + 1, 1) <> '$' AND substr(hash, length(?1) + 1, 7) <> ',keyid='
UNION ALL
SELECT max(id), NULL FROM page`

// HashesOtherThan implements [store.Store].
func (s *Store) HashesOtherThan(ctx context.Context, cost string, after uuid.UUID, limit int) (hashes []string, next uuid.UUID, err error) {
	rows, err := s.reader.QueryContext(ctx, selectHashes, cost, after, limit)
	if err != nil {
		return nil, uuid.Nil, translate("query hashes", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id uuid.NullUUID
		var hash sql.NullString
		if err := rows.Scan(&id, &hash); err != nil {
			return nil, uuid.Nil, translate("query hashes", err)
		}
		if hash.Valid {
			hashes = append(hashes, hash.String)
		} else {
			next = id.UUID
		}
	}
	return hashes, next, translate("query hashes", rows.Err())
}

const updatePassword = `
UPDATE users SET password_hash = ?2, password_changed_at = ?3, failed_logins = 0, password_disabled_at = NULL,
    generation = MAX(users.generation + 1, ?4)
WHERE users.id = ?1
RETURNING ` + userColumns + `, users.generation`

// SetPassword implements [store.Store].
func (s *Store) SetPassword(ctx context.Context, id uuid.UUID, hash string, notice *store.NewMail, e store.Event) (store.User, error) {
	return s.changeUser(ctx, userChange{
		op: "set password", query: updatePassword,
		args:         []any{id, hash, micros(e.At), store.NextGeneration(e.At)},
		endsSessions: true, also: passwordSet(notice),
	}, e)
}

// passwordSet returns what follows a new password: it forgets the attempts of the user, ends the
// links, and queues a notice.
func passwordSet(notice *store.NewMail) func(context.Context, *sql.Tx, store.User, store.Event) error {
	return func(ctx context.Context, tx *sql.Tx, u store.User, e store.Event) error {
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
UPDATE users SET disabled_at = COALESCE(users.disabled_at, ?2), generation = MAX(users.generation + 1, ?3)
WHERE users.id = ?1
RETURNING ` + userColumns + `, users.generation`

// DisableUser implements [store.Store].
func (s *Store) DisableUser(ctx context.Context, id uuid.UUID, e store.Event) (store.User, error) {
	return s.changeUser(ctx, userChange{
		op: "disable user", query: updateDisabled,
		args:         []any{id, micros(e.At), store.NextGeneration(e.At)},
		endsSessions: true, also: endLinks,
	}, e)
}

const updateEnabled = `UPDATE users SET disabled_at = NULL WHERE users.id = ?1 RETURNING ` + userColumns + `, users.generation`

// EnableUser implements [store.Store].
func (s *Store) EnableUser(ctx context.Context, id uuid.UUID, e store.Event) (store.User, error) {
	return s.changeUser(ctx, userChange{op: "enable user", query: updateEnabled, args: []any{id}}, e)
}
