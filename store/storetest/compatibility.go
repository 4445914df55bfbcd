package storetest

import (
	"fmt"

	"github.com/authctl/authctl/migrations"
	"github.com/authctl/authctl/store"
)

var compatibilityCases = []testCase{
	{"a newer schema that suits this binary is ready, has nothing pending and cannot be taken back", func(f *fixture) {
		latest := f.newer(99999, 0)
		f.ok("ready", f.store.Ready(f.ctx))
		applied, err := f.store.MigrateUp(f.ctx)
		f.ok("migrate up", err)
		equal(f, "applied", len(applied), 0)
		_, err = f.store.MigrateDown(f.ctx)
		f.mismatch(err, store.SchemaError{Current: 99999, Latest: latest, MinVersion: latest})
		got := f.schema()
		equal(f, "versions", []int64{got.Current, got.Latest, got.MinVersion}, []int64{99999, latest, latest})
		equal(f, "newer", got.Newer(), true)
		equal(f, "check", got.Check(), nil)
		f.user("alice")
	}},
	{"a newer schema that does not suit this binary is refused", func(f *fixture) {
		latest := f.newer(99999, 1)
		f.unsuited(store.SchemaError{Current: 99999, Latest: latest, MinVersion: latest + 1})
	}},
	{"what one migration broke the next does not mend", func(f *fixture) {
		latest := f.newer(99998, 1)
		f.suits(99999, latest)
		f.version(99999)
		f.unsuited(store.SchemaError{Current: 99999, Latest: latest, MinVersion: latest + 1})
	}},
	{"a newer schema that does not say whom it suits is refused", func(f *fixture) {
		latest := f.newer(99998, 0)
		f.version(99999)
		f.unsuited(store.SchemaError{Current: 99999, Latest: latest, MinVersion: 99999})
		_, err := f.db.ExecContext(f.ctx, `DROP TABLE schema_versions`)
		f.ok("pretend that no migration ever said so", err)
		f.unsuited(store.SchemaError{Current: 99999, Latest: latest, MinVersion: 99999})
	}},
	{"a schema that is behind suits nobody, whatever it says", func(f *fixture) {
		_, err := f.store.MigrateUp(f.ctx)
		f.ok("migrate up", err)
		latest := f.schema().Latest
		_, err = f.db.ExecContext(f.ctx, fmt.Sprintf(`DELETE FROM authctl_schema_version WHERE version_id = %d`, latest))
		f.ok("pretend that the newest was never applied", err)
		f.suits(latest-1, 1)
		want := store.SchemaError{Current: latest - 1, Latest: latest}
		f.mismatch(f.store.Ready(f.ctx), want)
		f.mismatch(f.schema().Check(), want)
		equal(f, "behind", want.Behind(), true)
	}},
	{"each migration leaves in the database what its file says of older binaries", func(f *fixture) {
		_, err := f.store.MigrateUp(f.ctx)
		f.ok("migrate up", err)
		all := f.schema().Migrations
		for i := len(all) - 1; i > 0 && all[i].Version >= firstToSay; i-- {
			m, before := all[i], all[i-1]
			equal(f, m.Name+", in the database", f.stated(m.Version), m.MinVersion)
			equal(f, m.Name+", of the schema", f.schema().MinVersion, m.MinVersion)
			if m.MinVersion < 1 || m.MinVersion > m.Version || (before.Version >= firstToSay && m.MinVersion < before.MinVersion) {
				f.Errorf("%s says that it suits binaries from version %d on, the one before it from %d", m.Name, m.MinVersion, before.MinVersion)
			}
			_, err := f.store.MigrateDown(f.ctx)
			f.ok("migrate down", err)
			if m.Version > firstToSay {
				equal(f, m.Name+", taken back", f.stated(m.Version), 0)
			}
		}
		before := f.schema()
		equal(f, "of a schema that does not say", before.MinVersion, before.Current)
	}},
}

// firstToSay is the first migration that records the binaries that it suits.
const firstToSay = migrations.FirstToSay

// newer pretends that a newer binary has migrated up to version. The schema then requires the latest
// version that this binary knows, plus more. newer returns that latest version.
func (f *fixture) newer(version, more int64) (latest int64) {
	f.Helper()
	_, err := f.store.MigrateUp(f.ctx)
	f.ok("migrate up", err)
	latest = f.schema().Latest
	f.suits(version, latest+more)
	f.version(version)
	return latest
}

// version writes the row of a migration, as goose does.
func (f *fixture) version(version int64) {
	f.Helper()
	_, err := f.db.ExecContext(f.ctx, fmt.Sprintf(`INSERT INTO authctl_schema_version (version_id, is_applied) VALUES (%d, '1')`, version))
	f.ok("pretend a newer binary was here", err)
}

// suits writes the minimum version of older binaries for a migration.
func (f *fixture) suits(version, minVersion int64) {
	f.Helper()
	_, err := f.db.ExecContext(f.ctx, fmt.Sprintf(`DELETE FROM schema_versions WHERE version = %d`, version))
	f.ok("forget whom it suits", err)
	_, err = f.db.ExecContext(f.ctx, fmt.Sprintf(`INSERT INTO schema_versions (version, min_version) VALUES (%d, %d)`, version, minVersion))
	f.ok("say whom it suits", err)
}

// stated reads the minimum version of older binaries for a migration. It returns 0 if there is none.
func (f *fixture) stated(version int64) (minVersion int64) {
	f.Helper()
	row := f.db.QueryRowContext(f.ctx, fmt.Sprintf(`SELECT COALESCE(max(min_version), 0) FROM schema_versions WHERE version = %d`, version))
	f.ok("read whom it suits", row.Scan(&minVersion))
	return minVersion
}

// unsuited checks that everything that depends on the schema fails.
func (f *fixture) unsuited(want store.SchemaError) {
	f.Helper()
	f.mismatch(f.store.Ready(f.ctx), want)
	_, err := f.store.MigrateUp(f.ctx)
	f.mismatch(err, want)
	_, err = f.store.MigrateDown(f.ctx)
	f.mismatch(err, want)
	f.mismatch(f.schema().Check(), want)
	equal(f, "behind", want.Behind(), false)
	equal(f, "current", f.schema().Current, want.Current)
}
