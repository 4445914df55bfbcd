package postgres

import (
	"strings"

	"github.com/authctl/authctl/store"
)

// currentEra identifies the history of the database in which the statement runs. Every role may
// read these values:
//
//   - The system identifier belongs to the cluster.
//   - A promotion starts a timeline, and so does a recovery that ends before the newest commit.
//     min_recovery_end_timeline shows it at once, timeline_id after the next checkpoint.
//   - The oids change when a dump is restored into another database or over the tables.
//   - After a crash the server reuses the ids of transactions that were rolled back just before, so its start is
//     part of a position too.
const currentEra = `
WITH now AS MATERIALIZED (
    SELECT CAST(s.system_identifier AS TEXT) AS system,
        concat_ws('.', GREATEST(c.timeline_id, r.min_recovery_end_timeline), d.oid,
            CAST(CAST('revocations' AS regclass) AS oid)) AS line,
        CAST(CAST(extract(epoch FROM pg_postmaster_start_time()) * 1000000 AS BIGINT) AS TEXT) AS boot
    FROM pg_control_system() s, pg_control_checkpoint() c, pg_control_recovery() r, pg_database d
    WHERE d.datname = current_database()
)`

// era is place.era in a statement that begins with currentEra.
const era = `concat_ws('/', now.system, now.line, now.boot)`

// place says where a statement has read: an era, and a snapshot in it.
type place struct {
	history  store.History
	snapshot string // a pg_snapshot
}

func (p *place) dest() []any {
	return []any{&p.history.System, &p.history.Line, &p.history.Start, &p.snapshot}
}

func (p *place) era() string {
	return p.history.System + "/" + p.history.Line + "/" + p.history.Start
}

func (p *place) position() store.Position { return store.Position(p.era() + "/" + p.snapshot) }

func eraOf(p store.Position) string { return string(p[:max(strings.LastIndexByte(string(p), '/'), 0)]) }

func snapshotOf(p store.Position) string { return string(p[strings.LastIndexByte(string(p), '/')+1:]) }
