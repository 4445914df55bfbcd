package cmd_test

import (
	"context"
	"database/sql"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver
	"github.com/rogpeppe/go-internal/testscript"
)

// runSQL is sql STATEMENT: it runs a statement on the script's database, past authctl.
func runSQL(ts *testscript.TestScript, _ *world, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: sql STATEMENT")
	}
	url := ts.Getenv("DATABASE_URL")
	if url == "" {
		url = "sqlite:" + ts.MkAbs("authctl.db")
	}
	ts.Check(execSQL(url, args[0]))
}

// execSQL runs a statement on the database of a DATABASE_URL.
func execSQL(url, statement string) error {
	driver, source := "pgx", url
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		driver, source = "sqlite", path+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(context.Background(), statement)
	return err
}
