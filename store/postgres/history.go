package postgres

import (
	"strings"

	"github.com/authctl/authctl/store"
)

// currentEra says in which history of the database this statement runs. Any role may
// read it. The system identifier is the cluster's own. A promotion or a recovery that
// ends before the newest commit starts a timeline; min_recovery_end_timeline tells it at
// once, timeline_id after the next checkpoint. The oids change when a dump is restored
// into another database, or over the tables. After a crash the server hands out again the ids of transactions
// that were rolled back just before, so that its start belongs to a position as well.
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

// place is where a statement was read: an era, and a snapshot in it.
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
