package cmd_test

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/authctl/authctl/cmd"
	"github.com/authctl/authctl/store/storetest"
)

func TestMain(m *testing.M) {
	syscall.Umask(0o022) // or files that others may change are refused
	storetest.Prepare()
	testscript.Main(m, map[string]func(){"authctl": func() { os.Exit(cmd.Main()) }})
}

// TestScripts runs every script of testdata/script as a person would type it,
// once on an embedded SQLite file and once on an empty PostgreSQL database.
func TestScripts(t *testing.T) {
	t.Parallel()
	for _, backend := range []string{"sqlite", "postgres"} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			testscript.Run(t, testscript.Params{
				Dir:                 filepath.Join("testdata", "script"),
				Cmds:                scriptCommands(),
				Condition:           func(c string) (bool, error) { return backendIs(c, backend) },
				Setup:               func(env *testscript.Env) error { return setUp(env, backend) },
				RequireUniqueNames:  true,
				RequireExplicitExec: true,
			})
		})
	}
}

// backendIs decides the conditions [sqlite] and [postgres].
func backendIs(condition, backend string) (bool, error) {
	if condition != "sqlite" && condition != "postgres" {
		return false, fmt.Errorf("unknown condition [%s]", condition)
	}
	return condition == backend, nil
}

// setUp gives a script a low hash cost and a free port for metrics, and on PostgreSQL a
// database and a secret. On SQLite both are created in the script's own folder.
func setUp(env *testscript.Env, backend string) error {
	env.Setenv("AUTHCTL_ENVIRONMENT", "development")
	env.Setenv("AUTHCTL_SERVER_ADMIN_LISTEN", "127.0.0.1:0")
	samples, err := filepath.Abs(filepath.Join("userfile", "testdata"))
	if err != nil {
		return err
	}
	env.Setenv("SAMPLES", samples)
	if env.Getenv("GORACE") == "" {
		env.Setenv("GORACE", "atexit_sleep_ms=0") // or each command ends a second late under -race
	}
	if backend == "postgres" {
		secret := make([]byte, 32)
		rand.Read(secret)
		database := storetest.EmptyPostgres(env.T().(testing.TB))
		env.Setenv("DATABASE_URL", database)
		maintenance, err := url.Parse(database)
		if err != nil {
			return err
		}
		maintenance.Path = "/postgres"
		env.Setenv("MAINTENANCE_URL", maintenance.String())
		env.Setenv("JWT_SECRET", hex.EncodeToString(secret))
	}
	env.Values[worldKey{}] = &world{t: env.T().(testing.TB)}
	return nil
}

// TestQuickstartIsTheReadmes compares the README with what quickstart.txtar types, and checks
// that the script types every line.
func TestQuickstartIsTheReadmes(t *testing.T) {
	t.Parallel()
	_, block, found := strings.Cut(readFile(t, filepath.Join("..", "README.md")), "<!-- quickstart -->\n```sh\n")
	if !found {
		t.Fatal("README.md has no block after <!-- quickstart -->")
	}
	block, _, _ = strings.Cut(block, "```")
	script, typed, _ := strings.Cut(readFile(t, filepath.Join("testdata", "script", "quickstart.txtar")), "-- README.sh --\n")
	if typed != block {
		t.Errorf("quickstart.txtar types\n%s\nand the README\n%s", typed, block)
	}
	var got, want []string
	for _, command := range regexp.MustCompile(`(?m)^line .*$`).FindAllString(script, -1) {
		got = append(got, command)
		want = append(want, fmt.Sprintf("line %d README.sh", len(got)))
	}
	if n := strings.Count(block, "\n"); len(got) != n || !slices.Equal(got, want) {
		t.Errorf("quickstart.txtar runs %q, want the %d lines in order", got, n)
	}
}

// TestTheRestoreIsTheDocuments requires that both documents have the same procedure, and that
// the scripts type it, line by line.
func TestTheRestoreIsTheDocuments(t *testing.T) {
	t.Parallel()
	const heading = "## Restoring a backup\n"
	sections := map[string]string{}
	for _, name := range []string{"operating.md", "incident-response.md"} {
		_, section, found := strings.Cut(readFile(t, filepath.Join("..", "docs", name)), heading)
		if !found {
			t.Fatalf("docs/%s has no %q", name, heading)
		}
		sections[name], _, _ = strings.Cut(section, "\n## ")
	}
	if sections["operating.md"] != sections["incident-response.md"] {
		t.Error("the two documents restore a backup in different ways")
	}
	for _, backend := range []string{"sqlite", "postgres"} {
		_, block, _ := strings.Cut(sections["operating.md"], "<!-- restore-"+backend+" -->\n```sh\n")
		block, _, found := strings.Cut(block, "```")
		script, typed, _ := strings.Cut(readFile(t, filepath.Join("testdata", "script", "restore_"+backend+".txtar")), "-- restore.sh --\n")
		typed, _, _ = strings.Cut(typed, "-- ")
		if !found || typed != block {
			t.Errorf("restore_%s.txtar types\n%s\nand the documents\n%s", backend, typed, block)
		}
		for n := range strings.Count(block, "\n") {
			if !strings.Contains(script, fmt.Sprintf("\nline %d restore.sh\n", n+1)) {
				t.Errorf("restore_%s.txtar does not run line %d", backend, n+1)
			}
		}
	}
}

func readFile(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
