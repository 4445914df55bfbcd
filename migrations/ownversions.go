package migrations

// OwnVersions is the migration that moves the versions of an older installation from
// goose_db_version to authctl_schema_version. Goose uses the first name in every program,
// so two programs in one schema read each other's versions.
//
// A new database has authctl_schema_version only. Where the versions were moved,
// goose_db_version stays and is kept in step, because servers of the older release read
// it; its column kept_by_authctl tells that it is ours.
const OwnVersions = 17

// FirstToSay is the first migration that records in the database that it is applied, and which
// binaries it suits.
const FirstToSay = 6
