#!/bin/bash
# pgx 5.12.0 and PostgreSQL 15: the time-out of a commit that waits for a synchronous standby makes
# the commit visible to everybody, although no standby has it.
#
# One expects: the context's deadline passes, Exec returns an error, and the commit goes on waiting
# for its standby, or is taken back. Nobody else sees the row before a standby has confirmed it.
#
# Seen: Exec returns "timeout: context deadline exceeded". While pgx closes the connection it sends a
# cancel request of its own accord. PostgreSQL takes that for a user who gives up waiting: it
# warns "canceling wait for synchronous replication", and the transaction, which is committed
# locally, becomes visible. So a client is told that its statement failed, and finds it done at its
# next try; and what everybody sees is lost if the standby is promoted. Without the time-out
# the row stays invisible for as long as no standby is there.
#
# Output seen: "after 3 s without a time-out: 0 rows" and "Exec: timeout: context deadline exceeded; 1 row".
#
# Needs Go, and Debian with postgresql-15 (15.18 when this was seen); as root it runs the server as
# postgres, on a socket in a temporary folder only. Exits 0 while it is as described.
set -e -o pipefail

PGX=v5.12.0
BIN=/usr/lib/postgresql/15/bin
[ -x $BIN/postgres ] || { apt-get update -q && apt-get install -q -y --no-install-recommends postgresql-15; } >/dev/null
DIR=$(mktemp -d /tmp/unconfirmed.XXXXXX)
AS=()
if [ "$(id -u)" = 0 ]; then chmod 755 "$DIR"; AS=(setpriv --reuid postgres --regid postgres --clear-groups); fi
mkdir "$DIR/pg" "$DIR/go"
if [ "$(id -u)" = 0 ]; then chown postgres "$DIR/pg"; fi
trap '"${AS[@]}" $BIN/pg_ctl -D "$DIR/pg/data" -m immediate stop >/dev/null 2>&1; rm -rf "$DIR"' EXIT
cd "$DIR/go"
$BIN/postgres --version

"${AS[@]}" $BIN/initdb -D "$DIR/pg/data" -A trust -U postgres --no-sync >/dev/null
"${AS[@]}" $BIN/pg_ctl -D "$DIR/pg/data" -w -l "$DIR/pg/log" -o "-k $DIR/pg -p 15561 -h ''" start >/dev/null
sql() { "${AS[@]}" $BIN/psql -X -h "$DIR/pg" -p 15561 -U postgres -Atqc "$1"; }
sql "CREATE TABLE t (how text)"
sql "ALTER SYSTEM SET synchronous_standby_names = 'away'"
sql "SELECT pg_reload_conf()" >/dev/null
[ "$(sql "SELECT setting FROM pg_settings WHERE name = 'synchronous_standby_names'")" = away ]

cat >go.mod <<'MOD'
module unconfirmed

go 1.25.0
MOD
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
)

func main() {
	ctx := context.Background()
	connect := func() *pgx.Conn {
		c, err := pgx.Connect(ctx, os.Getenv("URL"))
		if err != nil {
			panic(err)
		}
		return c
	}
	look := connect()
	rows := func(how string) (n int) {
		if err := look.QueryRow(ctx, "SELECT count(*) FROM t WHERE how = $1", how).Scan(&n); err != nil {
			panic(err)
		}
		return n
	}
	go connect().Exec(ctx, "INSERT INTO t VALUES ('patient')")
	time.Sleep(3 * time.Second)
	patient := rows("patient")
	fmt.Printf("after 3 s without a time-out: %d rows\n", patient)

	soon, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	_, err := connect().Exec(soon, "INSERT INTO t VALUES ('hasty')")
	for end := time.Now().Add(10 * time.Second); rows("hasty") == 0 && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond)
	}
	fmt.Printf("Exec: %v; %d row\n", err, rows("hasty"))
	if patient != 0 || err == nil || rows("hasty") != 1 || rows("patient") != 0 {
		fmt.Println("CHANGED")
		os.Exit(1)
	}
}
GO
GOFLAGS=-mod=mod go get "github.com/jackc/pgx/v5@$PGX" >/dev/null 2>&1
GOFLAGS=-mod=mod go build -o run .
URL="postgres://postgres@/postgres?host=$DIR/pg&port=15561" ./run
grep -q "canceling wait for synchronous replication" "$DIR/pg/log" || { echo "CHANGED: the server does not warn"; exit 1; }
echo "as described"
