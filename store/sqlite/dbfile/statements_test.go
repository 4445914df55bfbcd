package dbfile_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/authctl/authctl/store/sqlite/dbfile"
)

const upTo = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) SELECT i FROM n`

// TestAKeptStatementCanBeRunAgainWhileItsRowsAreRead keeps fewer statements than are in use.
func TestAKeptStatementCanBeRunAgainWhileItsRowsAreRead(t *testing.T) {
	t.Parallel()
	tx := keeping(t, 1)
	outer, err := tx.Query(upTo, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer outer.Close()
	var got []int
	for outer.Next() {
		var i, last int
		if err := outer.Scan(&i); err != nil {
			t.Fatal(err)
		}
		inner, err := tx.Query(upTo, i)
		if err != nil {
			t.Fatal(err)
		}
		for inner.Next() {
			if err := inner.Scan(&last); err != nil {
				t.Fatal(err)
			}
		}
		var other int
		if err := tx.QueryRow(`SELECT 10 * ?1`, last).Scan(&other); err != nil {
			t.Fatal(err)
		}
		got = append(got, i, last, other)
	}
	if want := []int{1, 1, 10, 2, 2, 20, 3, 3, 30}; !slices.Equal(got, want) || outer.Err() != nil {
		t.Errorf("got %d, want %d: %v", got, want, outer.Err())
	}
}

func TestAKeptStatementOutlivesItsErrorsAndAChangeOfTheTable(t *testing.T) {
	t.Parallel()
	tx := keeping(t, 8)
	for _, statement := range []struct {
		sql  string
		fail bool
	}{
		{`CREATE TABLE t (a INTEGER PRIMARY KEY)`, false},
		{`INSERT INTO t (a) VALUES (1)`, false},
		{`INSERT INTO t (a) VALUES (1)`, true},
		{`DELETE FROM t`, false},
		{`INSERT INTO t (a) VALUES (1)`, false},
		{`ALTER TABLE t ADD COLUMN b INTEGER`, false},
		{`DELETE FROM t`, false},
		{`INSERT INTO t (a) VALUES (1)`, false},
		{`DROP TABLE t`, false},
		{`INSERT INTO t (a) VALUES (1)`, true},
	} {
		if _, err := tx.Exec(statement.sql); (err != nil) != statement.fail {
			t.Errorf("%s: %v", statement.sql, err)
		}
	}
}

// keeping returns a transaction on a connection that keeps up to n statements.
func keeping(t *testing.T, n int) *sql.Tx {
	t.Helper()
	path := filepath.Join(t.TempDir(), "authctl.db")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := dbfile.Find(path)
	if err != nil {
		t.Fatal(err)
	}
	connector, err := file.Connector("file:"+path, n)
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tx.Rollback() })
	return tx
}
