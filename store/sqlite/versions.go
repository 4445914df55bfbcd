package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3/database"

	"github.com/authctl/authctl/migrations"
)

const versionTable = "authctl_schema_version"

// versions stores for goose which migrations are applied. It lives for one run. If another process
// migrates meanwhile, the run fails and is repeated.
type versions struct {
	older  bool // goose_db_version has the versions, authctl_schema_version is missing
	stated bool // schema_versions exists
	kept   bool // goose_db_version is ours and must be updated too
}

var _ database.StoreExtender = (*versions)(nil)

const selectVersionColumns = `
SELECT m.name || '.' || c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
WHERE m.type = 'table' AND m.name || '.' || c.name IN (
    'authctl_schema_version.version_id', 'goose_db_version.version_id', 'goose_db_version.kept_by_authctl',
    'schema_versions.min_version', 'refresh_tokens.installation_generation')`

// newVersions decides by the columns that exist. A goose_db_version beside tables that are not ours
// belongs to another program.
func newVersions(there map[string]bool) *versions {
	return &versions{
		older:  !there["authctl_schema_version.version_id"] && there["goose_db_version.version_id"] && there["refresh_tokens.installation_generation"],
		stated: there["schema_versions.min_version"],
		kept:   there["goose_db_version.kept_by_authctl"],
	}
}

// ours returns the condition that selects authctl's rows of a goose_db_version that another program
// shares.
func (v *versions) ours() string {
	if v.stated {
		return fmt.Sprintf("(version_id < %d OR version_id IN (SELECT version FROM schema_versions WHERE version < %d))", migrations.FirstToSay, migrations.OwnVersions)
	}
	return fmt.Sprintf("version_id < %d", migrations.FirstToSay)
}

// from returns the table that has the versions.
func (v *versions) from() string {
	if v.older {
		return "goose_db_version WHERE is_applied AND " + v.ours()
	}
	return "authctl_schema_version WHERE is_applied"
}

// Tablename implements [database.Store].
func (v *versions) Tablename() string { return versionTable }

// TableExists implements [database.StoreExtender].
func (v *versions) TableExists(ctx context.Context, db database.DBTxConn) (exists bool, err error) {
	const query = `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'authctl_schema_version')`
	err = db.QueryRowContext(ctx, query).Scan(&exists)
	return exists || v.older, err
}

const createVersionTable = `
CREATE TABLE IF NOT EXISTS authctl_schema_version (
    id         INTEGER   NOT NULL,
    version_id INTEGER   NOT NULL,
    is_applied INTEGER   NOT NULL,
    tstamp     TIMESTAMP NOT NULL DEFAULT (datetime('now')),
    CONSTRAINT authctl_schema_version_pkey PRIMARY KEY (id AUTOINCREMENT),
    -- Two processes may migrate at once: the second to apply a version fails here,
    -- is rolled back and looks again. (PostgreSQL has an advisory lock for this.)
    CONSTRAINT authctl_schema_version_version_id_key UNIQUE (version_id)
)`

// CreateVersionTable implements [database.Store].
func (v *versions) CreateVersionTable(ctx context.Context, db database.DBTxConn) error {
	return run(ctx, db, createVersionTable)
}

// Insert implements [database.Store]. Before it inserts [migrations.OwnVersions] it moves the others.
func (v *versions) Insert(ctx context.Context, db database.DBTxConn, r database.InsertRequest) error {
	v.stated = v.stated || r.Version >= migrations.FirstToSay
	if v.older && r.Version == migrations.OwnVersions {
		if err := v.move(ctx, db); err != nil {
			return err
		}
	}
	switch {
	case v.older:
		return run(ctx, db, fmt.Sprintf(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (%d, true)`, r.Version))
	case r.Version == 0: // inserted with the table, which another process may have created meanwhile
		return run(ctx, db, `INSERT INTO authctl_schema_version (version_id, is_applied) VALUES (0, true) ON CONFLICT DO NOTHING`)
	}
	return run(ctx, db, append([]string{fmt.Sprintf(`INSERT INTO authctl_schema_version (version_id, is_applied) VALUES (%d, true)`, r.Version)}, v.keep()...)...)
}

// move copies our versions to our own table. A goose_db_version with no other program's rows is
// updated from then on.
func (v *versions) move(ctx context.Context, db database.DBTxConn) error {
	const copied = `
INSERT INTO authctl_schema_version (version_id, is_applied, tstamp)
SELECT version_id, true, min(tstamp) FROM %s GROUP BY version_id ORDER BY min(id)`
	if err := run(ctx, db, createVersionTable, fmt.Sprintf(copied, v.from())); err != nil {
		return err
	}
	alone := `SELECT NOT EXISTS (SELECT 1 FROM goose_db_version WHERE NOT ` + v.ours() + `)`
	if err := db.QueryRowContext(ctx, alone).Scan(&v.kept); err != nil {
		return err
	}
	v.older = false
	if !v.kept {
		return nil
	}
	return run(ctx, db, `ALTER TABLE goose_db_version ADD COLUMN kept_by_authctl INTEGER NOT NULL DEFAULT 1`)
}

// keep returns the statements that update the goose_db_version of an older release.
func (v *versions) keep() []string {
	if !v.kept {
		return nil
	}
	return []string{
		`DELETE FROM goose_db_version WHERE version_id NOT IN (SELECT version_id FROM authctl_schema_version)`, `
INSERT INTO goose_db_version (version_id, is_applied)
SELECT version_id, true FROM authctl_schema_version
WHERE version_id NOT IN (SELECT version_id FROM goose_db_version) ORDER BY version_id`}
}

// Delete implements [database.Store]. Reverting [migrations.OwnVersions] moves the others
// back, so that the older release can revert the rest.
func (v *versions) Delete(ctx context.Context, db database.DBTxConn, version int64) error {
	if v.older {
		return run(ctx, db, fmt.Sprintf(`DELETE FROM goose_db_version WHERE version_id = %d`, version))
	}
	statements := append([]string{fmt.Sprintf(`DELETE FROM authctl_schema_version WHERE version_id = %d`, version)}, v.keep()...)
	if v.kept && version == migrations.OwnVersions {
		statements = append(statements, `ALTER TABLE goose_db_version DROP COLUMN kept_by_authctl`, `DROP TABLE authctl_schema_version`)
		v.older, v.kept = true, false
	}
	return run(ctx, db, statements...)
}

// GetMigration implements [database.Store].
func (v *versions) GetMigration(ctx context.Context, db database.DBTxConn, version int64) (*database.GetMigrationResult, error) {
	r := database.GetMigrationResult{IsApplied: true}
	err := db.QueryRowContext(ctx, fmt.Sprintf(`SELECT tstamp FROM %s AND version_id = %d LIMIT 1`, v.from(), version)).Scan(&r.Timestamp)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, database.ErrVersionNotFound
	}
	return &r, err
}

// GetLatestVersion implements [database.Store].
func (v *versions) GetLatestVersion(ctx context.Context, db database.DBTxConn) (int64, error) {
	var latest sql.NullInt64
	err := db.QueryRowContext(ctx, `SELECT max(version_id) FROM `+v.from()).Scan(&latest)
	if err == nil && !latest.Valid {
		err = database.ErrVersionNotFound
	}
	return latest.Int64, err
}

// ListMigrations implements [database.Store], newest first.
func (v *versions) ListMigrations(ctx context.Context, db database.DBTxConn) ([]*database.ListMigrationsResult, error) {
	rows, err := db.QueryContext(ctx, `SELECT version_id FROM `+v.from()+` ORDER BY id DESC`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []*database.ListMigrationsResult
	for rows.Next() {
		m := database.ListMigrationsResult{IsApplied: true}
		if err := rows.Scan(&m.Version); err != nil {
			return nil, err
		}
		all = append(all, &m)
	}
	return all, rows.Err()
}

// run executes statements in order.
func run(ctx context.Context, db database.DBTxConn, statements ...string) error {
	for _, statement := range statements {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
