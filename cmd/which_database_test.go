package cmd

import (
	"context"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/cmd/config"
	"github.com/authctl/authctl/store/storetest"
)

// changing lists the commands that change the database, in an order in which each finds what
// it needs. KEY stands for the id of a retired key, DIR for a folder.
var changing = []string{
	"migrate", "migrate up",
	"user create alice --generate", "user set-password alice --generate", "user disable alice", "user enable alice", "user unlock alice",
	"user set-email alice alice@example.com", "user reset-password alice", "user rename alice alice", "user set alice --role editor",
	"user import DIR/users.ndjson", "mail retry " + uuid.NewString(), "mail drop --all-failed",
	"client create billing", "client set billing --role editor", "client rotate billing --overlap 1h", "client rotate billing", "client disable billing", "client enable billing", "client rotate billing --now", "client delete billing",
	"token revoke " + uuid.NewString(), "token revoke-all --everyone --without-servers",
	"limits clear", "node forget " + uuid.NewString(),
	"key rotate --now --without-servers", "key rotate --publish-for 0s", "key rotate --publish-for 0s", "key promote KEY", "key retire KEY", "key remove KEY", "key reseal",
	"backup DIR/copy.db", "restore begin", "restore finish",
	"audit prune --before 1ms", "user delete alice", "migrate down",
}

// reading lists the commands that only read the database.
var reading = []string{
	"user list", "user show alice", "user export", "client list", "token list", "token inspect x", "limits list", "node list", "key list", "key export-jwks", "migrate status", "audit list", "mail list",
	"hash-bench --compare",
}

// without lists the commands without a database, and serve, which names its database itself.
var without = []string{"serve", "hash-bench measure", "version", "health", "secret generate", "config show", "config check", "config init", "mail test alice@example.com", "mail preview reset"}

// TestEveryCommandThatChangesADatabaseNamesIt runs each command of the tree. It must name the
// database on standard error, in its question and in its JSON, or write nothing to the audit
// trail.
func TestEveryCommandThatChangesADatabaseNamesIt(t *testing.T) {
	t.Parallel()
	databases := map[string]string{"sqlite": "sqlite:" + filepath.Join(t.TempDir(), "authctl.db"), "postgres": storetest.Postgres(t)}
	for backend, url := range databases {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			w := &namedDatabase{url: url, name: strings.TrimPrefix(config.RedactURL(url), "sqlite:"), dir: t.TempDir()}
			if err := os.WriteFile(filepath.Join(w.dir, "users.ndjson"), []byte(`{"username":"bob"}`+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, line := range changing[:3] {
				w.changes(t, line)
			}
			for _, line := range reading {
				w.reads(t, line)
			}
			for _, line := range changing[3:] {
				w.changes(t, line)
			}
		})
	}
}

// TestNoCommandIsForgottenWhereDatabasesAreNamed compares the lists above with the tree of
// commands.
func TestNoCommandIsForgottenWhereDatabasesAreNamed(t *testing.T) {
	t.Parallel()
	var listed []string
	for _, line := range slices.Concat(changing, reading, without) {
		listed = append(listed, pathOf(line))
	}
	forEach(newRoot(&app{}), func(c *cobra.Command) {
		path := strings.TrimPrefix(c.CommandPath(), "authctl ")
		if onlyHolds := c.HasSubCommands() && path != "migrate"; onlyHolds || strings.HasPrefix(path, "completion") || path == "help" {
			return
		}
		if !slices.Contains(listed, path) {
			t.Errorf("authctl %s is in none of the lists: does it change the database?", path)
		}
	})
}

// pathOf returns the words of a command line that name the command.
func pathOf(line string) string {
	c, _, err := newRoot(&app{}).Find(strings.Fields(line))
	if err != nil {
		return line
	}
	return strings.TrimPrefix(c.CommandPath(), "authctl ")
}

// namedDatabase is one database, and the name that a command must give it.
type namedDatabase struct{ url, name, dir string }

func (w *namedDatabase) run(t *testing.T, line string, more ...string) (out, said string, exit int) {
	t.Helper()
	line = strings.ReplaceAll(line, "DIR", w.dir)
	if strings.Contains(line, "KEY") {
		line = strings.ReplaceAll(line, "KEY", w.retired(t))
	}
	var o, e strings.Builder
	exit = execute(t.Context(), append(strings.Fields(line), more...), []string{
		"DATABASE_URL=" + w.url, "JWT_SECRET=5f0c3a9e1b7d2846a4c8e6f0193b5d7f5f0c3a9e1b7d2846a4c8e6f0193b5d7f", "AUTHCTL_ENVIRONMENT=development", "AUTHCTL_JWT_ALGORITHM=EdDSA",
	}, strings.NewReader(""), &o, &e)
	return o.String(), e.String(), exit
}

// retired returns the id of a retired key.
func (w *namedDatabase) retired(t *testing.T) string {
	t.Helper()
	out, said, _ := w.run(t, "key list", "-o", "json")
	var keys []keyView
	if err := json.Unmarshal([]byte(out), &keys); err != nil {
		t.Fatalf("key list: %v: %s", err, said)
	}
	for _, k := range keys {
		if k.State == "retired" {
			return k.KeyID
		}
	}
	t.Fatalf("no key is retired: %s", out)
	return ""
}

func (w *namedDatabase) changes(t *testing.T, line string) {
	t.Helper()
	c, _, err := newRoot(&app{}).Find(strings.Fields(line))
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	var more []string
	if o := c.Flags().Lookup("output"); o != nil {
		more = append(more, "-o", "json")
	}
	if asks := c.Flags().Lookup("yes") != nil; asks && !strings.Contains(line, "--publish-for") && !strings.Contains(line, "--overlap") {
		_, said, exit := w.run(t, line)
		_, question, asked := strings.Cut(said, "no terminal to ask whether to ")
		question, _, _ = strings.Cut(question, "\n")
		if found := exit != exitNotFound; found && (exit != exitUsage || !asked || !strings.Contains(question, " in "+w.name) && !strings.Contains(question, " of "+w.name)) {
			t.Errorf("%s: asks without the database's name, exit %d: %s", line, exit, said)
		}
		more = append(more, "--yes")
	}
	out, said, exit := w.run(t, line, more...)
	if !strings.Contains(said, "authctl: database "+w.name+"\n") {
		t.Errorf("%s: does not name %s: %s", line, w.name, said)
	}
	if exit == exitNotFound || strings.HasPrefix(line, "backup") && exit == exitUsage {
		return // there is no such session, node or key in that state; PostgreSQL has its own backups
	}
	if exit != exitOK {
		t.Errorf("%s: exit code %d: %s", line, exit, said)
	}
	if slices.Contains(more, "json") {
		var view struct{ Database string }
		if err := json.Unmarshal([]byte(out), &view); err != nil || view.Database != w.name {
			t.Errorf("%s: got the database %q in %s, want %q", line, view.Database, out, w.name)
		}
	}
}

func (w *namedDatabase) reads(t *testing.T, line string) {
	t.Helper()
	before := w.events(t)
	if _, said, _ := w.run(t, line); strings.Contains(said, "authctl: database ") || strings.Contains(said, "nothing was created") {
		t.Errorf("%s: said %s", line, said)
	}
	if after := w.events(t); after != before {
		t.Errorf("%s changes the database: the audit trail had %d events and has %d", line, before, after)
	}
}

// events returns the number of events in the audit trail.
func (w *namedDatabase) events(t *testing.T) (n int) {
	t.Helper()
	const query = `SELECT count(*) FROM audit_events`
	var err error
	if path, onSQLite := strings.CutPrefix(w.url, "sqlite:"); onSQLite {
		db, failed := sql.Open("sqlite", path)
		if failed != nil {
			t.Fatal(failed)
		}
		defer db.Close()
		err = db.QueryRowContext(t.Context(), query).Scan(&n)
	} else {
		conn, failed := pgx.Connect(t.Context(), w.url)
		if failed != nil {
			t.Fatal(failed)
		}
		defer conn.Close(context.WithoutCancel(t.Context()))
		err = conn.QueryRow(t.Context(), query).Scan(&n)
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestADatabaseIsNamedWithoutItsPassword: the name also has what the environment says about
// the database.
func TestADatabaseIsNamedWithoutItsPassword(t *testing.T) {
	t.Setenv("PGHOST", "db.example")
	t.Setenv("PGPORT", "5433")
	t.Setenv("PGDATABASE", "auth")
	for url, want := range map[string]string{
		"postgres://app:hunter2@here/auth":             "postgres://app:redacted@here/auth",
		"postgres://app:hunter2@here":                  "postgres://app:redacted@here/auth",
		"postgres://app:hunter2@/shop?sslmode=disable": "postgres://app:redacted@db.example:5433/shop?sslmode=disable",
		"postgres:///":                          "postgres://db.example:5433/auth",
		"postgres:///auth?host=/run/postgresql": "postgres:///auth?host=/run/postgresql",
		"sqlite:/srv/../srv/authctl.db":         "/srv/authctl.db",
	} {
		var cfg config.Settings
		cfg.Database.URL.Text = config.SecretText(url)
		if got := cfg.DatabaseName(); got != want {
			t.Errorf("%s: got %s, want %s", url, got, want)
		}
	}
}
