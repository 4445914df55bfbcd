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

// versions keeps for goose which migrations are applied. It is made for one run; what another
// process does meanwhile makes that fail, and it is run again.
type versions struct {
	older  bool // goose_db_version has the versions, and authctl_schema_version is not there
	stated bool // schema_versions is there
	kept   bool // goose_db_version is ours, and is kept in step
}

var _ database.StoreExtender = (*versions)(nil)

const selectVersionColumns = `
SELECT m.name || '.' || c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
WHERE m.type = 'table' AND m.name || '.' || c.name IN (
    'authctl_schema_version.version_id', 'goose_db_version.version_id', 'goose_db_version.kept_by_authctl',
    'schema_versions.min_version', 'refresh_tokens.installation_generation')`

// newVersions decides from the columns that are there. A goose_db_version beside tables that
// are not ours belongs to somebody else.
func newVersions(there map[string]bool) *versions {
	return &versions{
		older:  !there["authctl_schema_version.version_id"] && there["goose_db_version.version_id"] && there["refresh_tokens.installation_generation"],
		stated: there["schema_versions.min_version"],
		kept:   there["goose_db_version.kept_by_authctl"],
	}
}

// ours selects the rows of goose_db_version that authctl has written, if another program has
// written there too.
func (v *versions) ours() string {
	if v.stated {
		return fmt.Sprintf("(version_id < %d OR version_id IN (SELECT version FROM schema_versions WHERE version < %d))", migrations.FirstToSay, migrations.OwnVersions)
	}
	return fmt.Sprintf("version_id < %d", migrations.FirstToSay)
}

// from is where the versions are.
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

// Insert implements [database.Store]. The version that moves the others does so first.
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
	case r.Version == 0: // with the table, which another process may have made meanwhile
		return run(ctx, db, `INSERT INTO authctl_schema_version (version_id, is_applied) VALUES (0, true) ON CONFLICT DO NOTHING`)
	}
	return run(ctx, db, append([]string{fmt.Sprintf(`INSERT INTO authctl_schema_version (version_id, is_applied) VALUES (%d, true)`, r.Version)}, v.keep()...)...)
}

// move takes our versions over. A goose_db_version with nobody else's is then kept in step.
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

// keep are the statements that bring the goose_db_version of an older release in step.
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

// Delete implements [database.Store]. Taking back the version that moved the others moves them
// back, so that the older release can take the rest back.
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

// run runs statements one after the other.
func run(ctx context.Context, db database.DBTxConn, statements ...string) error {
	for _, statement := range statements {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
