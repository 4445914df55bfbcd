#!/bin/bash
# Patroni 3.0.2 (Debian 12) with its "etcd3" section: a leader whose Patroni slept for longer than
# the TTL may take the leader lock back from the one that was elected meanwhile. What that one
# has acknowledged is then gone, although synchronous_mode is on and a synchronous standby had it.
#
# One expects: the lock has expired and another node holds it, so that the old leader steps down.
# Seen: its loop goes on with the copy of etcd that it had before; update_leader() finds its lease
# expired, makes another, and writes the leader's key with it without any comparison. The
# new leader obeys, and it and its standby are thrown back to the old timeline. No
# watchdog is in use; one would have reset the old leader's machine before the TTL was over.
#
# The section "etcd" (API version 2, etcd --enable-v2) of 3.0.2 compares the value before it writes,
# and Patroni 4.0.7 does so with "etcd3" as well; both stepped down whenever this was tried. Upstream
# mended it in 3.0.3, pull request 2689: "Make sure the leader key isn't unconditionally overwritten".
#
# Output seen: "n2: primary, holds: acknowledged 1, acknowledged 2, before" (and the same of n1 and n3)
# after n1, with n3 for its synchronous standby, had acknowledged "acknowledged 3".
#
# Needs Debian 12 with postgresql-15, curl and python3. Patroni, etcd and the Python packages that
# Patroni imports are downloaded into a temporary folder, the first two at the versions below. Runs as root (and its servers as postgres), on loopback only, in two to eight minutes: up
# to eight rounds, for it is a race between two threads of the old leader. Exits 0 while it is as described.
set -e -o pipefail

PATRONI=patroni=3.0.2-1 ETCD=etcd-server=3.4.23-4+b4
IMPORTS="python3-cdiff python3-psycopg2 python3-yaml python3-click python3-dateutil python3-six
    python3-prettytable python3-wcwidth python3-psutil python3-urllib3 python3-dnspython"
BIN=/usr/lib/postgresql/15/bin PYTHON=/usr/bin/python3
DIR=$(mktemp -d /tmp/patroni-lock.XXXXXX)
chmod 777 "$DIR"
[ "$(id -u)" = 0 ] || { echo "run it as root"; exit 2; }
[ -x $BIN/postgres ] || { echo "needs postgresql-15"; exit 2; }
cleanup() {
    set +e
    for f in "$DIR"/*.pid; do kill -CONT "$(cat "$f")" && kill -9 "$(cat "$f")" && wait "$(cat "$f")"; done 2>/dev/null
    for n in 1 2 3; do "${AS[@]}" $BIN/pg_ctl -D "$DIR/pg$n" -m immediate -w stop; done >/dev/null 2>&1
    rm -rf "$DIR"
}
trap cleanup EXIT
AS=(setpriv --reuid postgres --regid postgres --clear-groups env HOME="$DIR" PYTHONPATH="$DIR/root/usr/lib/python3/dist-packages")
start() { # NAME COMMAND...: in the background, its process id in NAME.pid
    local name=$1; shift
    "${AS[@]}" "$@" >"$name.log" 2>&1 &
    echo $! >"$name.pid"
}
eventually() { # SECONDS COMMAND...
    local end=$((SECONDS + $1)); shift
    until "$@" 2>/dev/null; do [ $SECONDS -lt $end ] || { echo "not within time: $*"; exit 1; }; sleep 0.5; done
}
sql() { PGCONNECT_TIMEOUT=3 $BIN/psql -h 127.0.0.1 -p 1543"$1" -U postgres -Atqc "$2"; }
is() { [ "$(sql "$1" "$2")" = "$3" ]; }

cd "$DIR"
apt-get download -q $PATRONI $ETCD $IMPORTS >/dev/null
for deb in *.deb; do dpkg -x "$deb" root; done
VERSION=$("${AS[@]}" $PYTHON root/usr/bin/patroni --version)
[ "$VERSION" = "patroni 3.0.2" ] || { echo "got $VERSION"; exit 2; }

start etcd root/usr/bin/etcd --data-dir "$DIR/etcd" --listen-client-urls http://127.0.0.1:15379 \
    --advertise-client-urls http://127.0.0.1:15379 --listen-peer-urls http://127.0.0.1:15380
for n in 1 2 3; do
    cat >n$n.yml <<YML
scope: lock
name: n$n
restapi: {listen: 127.0.0.1:1580$n, connect_address: 127.0.0.1:1580$n}
etcd3: {host: 127.0.0.1:15379}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 5
    retry_timeout: 5
    synchronous_mode: true
    postgresql: {use_pg_rewind: true}
  initdb: [data-checksums]
  pg_hba: [host all all 127.0.0.1/32 trust, host replication all 127.0.0.1/32 trust]
postgresql:
  listen: 127.0.0.1:1543$n
  connect_address: 127.0.0.1:1543$n
  data_dir: $DIR/pg$n
  bin_dir: $BIN
  pgpass: $DIR/pgpass$n
  authentication: {superuser: {username: postgres, password: x}, replication: {username: replicator, password: x}, rewind: {username: rewind, password: x}}
  parameters: {unix_socket_directories: $DIR}
YML
done
start patroni1 $PYTHON root/usr/bin/patroni n1.yml
eventually 60 is 1 "SELECT pg_is_in_recovery()" f
for n in 2 3; do start patroni$n $PYTHON root/usr/bin/patroni n$n.yml; done
eventually 60 is 1 "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'" 2
eventually 60 is 1 "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'" 1
sql 1 "CREATE TABLE promises (what text)"
sql 1 "INSERT INTO promises VALUES ('before')"

leads() { # N...: one of them is a primary, LEADER
    for LEADER in "$@"; do is "$LEADER" "SELECT pg_is_in_recovery()" f && return; done
    return 1
}
stands_by() { is "$1" "SELECT pg_is_in_recovery()" t; }
streams() { is "$1" "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'" 2; }
confirms() { is "$1" "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'" 1; }
decided() { stands_by "$OLD" || stands_by "$NEW"; }
holds() { sql "$1" "SELECT string_agg(what, ', ' ORDER BY what) FROM promises"; }

# After its sleep the old leader works on what it knew of etcd before, or on what etcd has told it
# since: two threads race for it, so that it may take some rounds.
for ROUND in 1 2 3 4 5 6 7 8; do
    eventually 60 leads 1 2 3
    OLD=$LEADER OTHERS=$(echo 123 | tr -d "$LEADER" | sed 's/./& /')
    eventually 60 streams "$OLD"
    eventually 60 confirms "$OLD"
    echo "round $ROUND: n$OLD leads; its Patroni sleeps for 45 s, as with its virtual machine; the TTL is 20 s"
    kill -STOP "$(cat "patroni$OLD.pid")"
    RESUME=$((SECONDS + 45))
    eventually 40 leads $OTHERS
    NEW=$LEADER
    eventually 40 confirms "$NEW"
    sql "$NEW" "INSERT INTO promises VALUES ('acknowledged $ROUND')"
    echo "n$NEW leads; its synchronous standby has confirmed the last of: $(holds "$NEW")"
    while [ $SECONDS -lt $RESUME ]; do # as a load balancer's health check does
        curl -s -m 1 -o /dev/null "http://127.0.0.1:1580$OLD/primary" || true
    done
    kill -CONT "$(cat "patroni$OLD.pid")"
    eventually 60 decided
    stands_by "$NEW" || { echo "n$OLD has stepped down, as one expects"; continue; }
    eventually 60 streams "$OLD"
    for n in 1 2 3; do echo "n$n: $(stands_by $n && echo standby || echo primary), holds: $(holds $n)"; done
    for n in 1 2 3; do
        if holds $n | grep -q "acknowledged $ROUND"; then echo "CHANGED: n$n has kept it"; exit 1; fi
    done
    echo "as described: n$OLD has taken the lock back, and an acknowledged commit is nowhere"
    exit 0
done
echo "CHANGED: the old leader has stepped down eight times out of eight"
exit 1
