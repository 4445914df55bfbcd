package storetest

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store/postgres"
)

// server is the PostgreSQL of this test binary. It is started by the first test
// that asks for it and ends with the process.
var server struct {
	once     sync.Once
	url      string // of its maintenance database
	template string // a migrated database to clone
	err      error
	skip     string // why there is none
	count    atomic.Int64
	alive    io.Closer // the pipe that keeps a throwaway cluster running
}

// Postgres returns the URL of a fresh, migrated database, which is dropped when
// the test ends. The server is the one that AUTHCTL_TEST_POSTGRES names, where
// databases may be created, or a throwaway cluster from the binaries of this
// machine. Without either the test is skipped, or fails where CI is set.
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

// makeTemplate migrates one database for all others to be cloned from.
func makeTemplate() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	name := fmt.Sprintf("authctl_template_%d", os.Getpid())
	if err := execute(ctx, "DROP DATABASE IF EXISTS "+name); err != nil {
		return "", err
	}
	if err := execute(ctx, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
		return "", err
	}
	s, err := postgres.Open(ctx, postgres.Config{URL: databaseURL(name)})
	if err != nil {
		return "", err
	}
	defer s.Close()
	_, err = s.MigrateUp(ctx)
	return name, err
}

func createDatabase(t testing.TB, template string) string {
	t.Helper()
	name := fmt.Sprintf("authctl_test_%d_%d", os.Getpid(), server.count.Add(1))
	if err := execute(context.Background(), "CREATE DATABASE "+name+" TEMPLATE "+template); err != nil {
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
