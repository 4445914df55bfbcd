#!/bin/bash
# PostgreSQL 15: right after a promotion pg_control_checkpoint() still tells the old timeline.
#
# One expects: pg_promote() has returned true and pg_is_in_recovery() is false, so that the
# server's timeline, as its control file has it, is the new one. A program that asks it to find out
# whether it still talks to the server from before a failover would be told that it does.
#
# Seen: timeline_id of pg_control_checkpoint() is that of the last checkpoint, and the
# first one after the promotion is spread over time like any other. Until it is done the
# new timeline is in min_recovery_end_timeline of pg_control_recovery(), which the end of recovery
# writes at once, and which is 0 again afterwards. The larger of the two is right at all times.
#
# Output seen: "promoted: checkpoint's timeline 1, end of recovery's 2, of the WAL 2" and then
# "after a checkpoint: checkpoint's timeline 2, end of recovery's 0, of the WAL 2".
#
# Needs Debian with postgresql-15 (15.18 when this was seen); as root it runs the servers as
# postgres. On a socket in a temporary folder only. Exits 0 while it is as described.
set -e -o pipefail

BIN=/usr/lib/postgresql/15/bin
[ -x $BIN/postgres ] || { apt-get update -q && apt-get install -q -y --no-install-recommends postgresql-15; } >/dev/null
DIR=$(mktemp -d /tmp/timeline.XXXXXX)
AS=()
if [ "$(id -u)" = 0 ]; then chown postgres "$DIR"; AS=(setpriv --reuid postgres --regid postgres --clear-groups); fi
trap '"${AS[@]}" $BIN/pg_ctl -D "$DIR/b" -m immediate stop >/dev/null 2>&1; "${AS[@]}" $BIN/pg_ctl -D "$DIR/a" -m immediate stop >/dev/null 2>&1; rm -rf "$DIR"' EXIT
cd "$DIR"
$BIN/postgres --version

start() { # FOLDER PORT
    "${AS[@]}" $BIN/pg_ctl -D "$DIR/$1" -w -l "$DIR/$1.log" \
        -o "-k $DIR -p $2 -h '' -c fsync=off -c checkpoint_timeout=1h -c max_wal_size=4GB -c shared_buffers=128MB" start >/dev/null
}
sql() { "${AS[@]}" $BIN/psql -X -h "$DIR" -p "$1" -U postgres -Atqc "$2"; }
timelines() {
    sql 15552 "SELECT format('checkpoint''s timeline %s, end of recovery''s %s, of the WAL %s', c.timeline_id, r.min_recovery_end_timeline,
        CAST(CAST('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8) AS bit(32)) AS int))
        FROM pg_control_checkpoint() c, pg_control_recovery() r"
}
expect() { # WHAT WANT
    local got; got=$(timelines)
    echo "$1: $got"
    [ "$got" = "$2" ] || { echo "CHANGED: expected $2"; exit 1; }
}

"${AS[@]}" $BIN/initdb -D "$DIR/a" -A trust -U postgres --no-sync >/dev/null
start a 15551
"${AS[@]}" $BIN/pg_basebackup -h "$DIR" -p 15551 -U postgres -D "$DIR/b" -R -X stream --checkpoint=fast
start b 15552
# Pages for the first checkpoint to write, which it does at its leisure.
sql 15551 "CREATE TABLE pages AS SELECT i, repeat('x', 900) FROM generate_series(1, 60000) i"
END=$(sql 15551 "SELECT pg_current_wal_lsn()")
for _ in $(seq 300); do
    [ "$(sql 15552 "SELECT pg_last_wal_replay_lsn() >= '$END'")" = t ] && break
    sleep 0.1
done
sql 15552 "SELECT pg_promote(true)" >/dev/null
[ "$(sql 15552 "SELECT pg_is_in_recovery()")" = f ]
expect "promoted" "checkpoint's timeline 1, end of recovery's 2, of the WAL 2"
sql 15552 "CHECKPOINT"
expect "after a checkpoint" "checkpoint's timeline 2, end of recovery's 0, of the WAL 2"
echo "as described"
