package storetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/migrations"
	"github.com/authctl/authctl/store/postgres"
)

// server is the PostgreSQL of this test binary. The first test that needs it starts it. It ends with
// the process.
var server struct {
	once     sync.Once
	url      string // URL of the maintenance database
	template string // a migrated database to clone
	strategy string // how to clone it
	err      error
	skip     string    // reason why there is no server
	alive    io.Closer // the pipe that keeps a throwaway cluster running
}

// Postgres returns the URL of a fresh, migrated database. The end of the test drops the database.
// AUTHCTL_TEST_POSTGRES names a server on which the tests may create databases. Without the variable
// the tests start a throwaway cluster from the binaries of this machine. Without binaries Postgres
// skips the test, or fails it if CI is set.
func Postgres(t testing.TB) string {
	t.Helper()
	startServer(t)
	return createDatabase(t, server.template)
}

// EmptyPostgres is Postgres without the migrations.
func EmptyPostgres(t testing.TB) string {
	t.Helper()
	startServer(t)
	return createDatabase(t, "template0")
}

func startServer(t testing.TB) {
	t.Helper()
	server.once.Do(func() {
		server.url = os.Getenv("AUTHCTL_TEST_POSTGRES")
		if server.url == "" {
			server.url, server.skip, server.err = startCluster()
		}
		if server.err == nil && server.skip == "" {
			server.template, server.err = makeTemplate()
		}
	})
	if server.err != nil {
		t.Fatalf("PostgreSQL for tests: %v", server.err)
	}
	if server.skip != "" {
		if os.Getenv("CI") != "" {
			t.Fatalf("PostgreSQL for tests: %s", server.skip)
		}
		t.Skipf("PostgreSQL for tests: %s", server.skip)
	}
}

// makeTemplate migrates one database. Every other database is a clone of it. A server that outlives
// the tests keeps one template for each state of the migrations.
func makeTemplate() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, server.url)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx) // closing releases the lock
	const state = `
SELECT current_setting('server_version_num')::int >= 150000, EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)`
	name, err := templateName()
	if err != nil {
		return "", err
	}
	var chooses, exists bool
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtext('authctl_template'))"); err != nil {
		return "", err
	}
	if err := conn.QueryRow(ctx, state, name).Scan(&chooses, &exists); err != nil {
		return "", err
	}
	if chooses { // since PostgreSQL 15; a copy of the files is the fastest without syncs
		server.strategy = " STRATEGY file_copy"
	}
	if exists {
		return name, nil
	}
	unfinished := name + "_unfinished"
	for _, statement := range []string{"DROP DATABASE IF EXISTS " + unfinished, "CREATE DATABASE " + unfinished + " TEMPLATE template0"} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return "", err
		}
	}
	if err := migrate(ctx, databaseURL(unfinished)); err != nil {
		return "", err
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+unfinished+" RENAME TO "+name)
	return name, err
}

// templateName returns the template's name, which depends on the migrations.
func templateName() (string, error) {
	files, hash := migrations.Postgres(), sha256.New()
	err := fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(files, path)
		fmt.Fprintf(hash, "%s\n%s\n", path, content)
		return err
	})
	return fmt.Sprintf("authctl_template_%x", hash.Sum(nil)[:8]), err
}

func migrate(ctx context.Context, url string) error {
	s, err := postgres.Open(ctx, postgres.Config{URL: url})
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = s.MigrateUp(ctx)
	return err
}

func createDatabase(t testing.TB, template string) string {
	t.Helper()
	name := "authctl_test_" + strings.ToLower(rand.Text())
	if err := execute(context.Background(), "CREATE DATABASE "+name+" TEMPLATE "+template+server.strategy); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := execute(context.Background(), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	return databaseURL(name)
}

// execute runs one statement on the maintenance database.
func execute(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, server.url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return err
}

// databaseURL returns the server's URL with another database in it.
func databaseURL(name string) string {
	u, err := url.Parse(server.url)
	if err != nil {
		panic(err) // pgx has parsed it before
	}
	u.Path = "/" + name
	return u.String()
}

// Execute runs one statement on the maintenance database of the server of [Postgres].
func Execute(t testing.TB, statement string) {
	t.Helper()
	if err := execute(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}
