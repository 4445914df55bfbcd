package cmd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/authctl/authctl/cmd"
	"github.com/authctl/authctl/store/storetest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"authctl": func() { os.Exit(cmd.Main()) }})
}

// testSecret is the jwt.secret of the scripts on PostgreSQL.
const testSecret = "5f0c3a9e1b7d2846a4c8e6f0193b5d7f5f0c3a9e1b7d2846a4c8e6f0193b5d7f"

// TestScripts runs every script of testdata/script as a person would type it,
// once on an embedded SQLite file and once on an empty PostgreSQL database.
func TestScripts(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob(filepath.Join("testdata", "script", "*.txtar"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, backend := range []string{"sqlite", "postgres"} {
		for _, script := range scripts {
			t.Run(backend, func(t *testing.T) {
				t.Parallel()
				testscript.Run(t, testscript.Params{
					Files:               []string{script},
					Cmds:                scriptCommands(),
					Condition:           func(c string) (bool, error) { return c == backend, nil },
					Setup:               func(env *testscript.Env) error { return setUp(env, databaseOf(t, backend)) },
					RequireUniqueNames:  true,
					RequireExplicitExec: true,
				})
			})
		}
	}
}

// databaseOf returns the URL of an empty PostgreSQL database, or "" for SQLite.
func databaseOf(t *testing.T, backend string) string {
	if backend == "sqlite" {
		return ""
	}
	return storetest.EmptyPostgres(t)
}

func setUp(env *testscript.Env, database string) error {
	env.Setenv("AUTHCTL_ENVIRONMENT", "development") // for cheap hashes
	if database != "" {
		env.Setenv("DATABASE_URL", database)
		env.Setenv("JWT_SECRET", testSecret)
	}
	env.Values[worldKey{}] = &world{}
	return nil
}

// TestQuickstartIsTheReadmes holds the README to what quickstart.txtar runs.
func TestQuickstartIsTheReadmes(t *testing.T) {
	t.Parallel()
	_, block, found := strings.Cut(readFile(t, filepath.Join("..", "README.md")), "<!-- quickstart -->\n```sh\n")
	if !found {
		t.Fatal("README.md has no block after <!-- quickstart -->")
	}
	block, _, _ = strings.Cut(block, "```")
	_, script, _ := strings.Cut(readFile(t, filepath.Join("testdata", "script", "quickstart.txtar")), "-- README.sh --\n")
	if script != block {
		t.Errorf("quickstart.txtar types\n%s\nand the README\n%s", script, block)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
