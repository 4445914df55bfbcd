package main_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/authctl/authctl"

// mayImport lists the packages of the project that each package may import. A package that is
// not listed must not exist.
var mayImport = map[string][]string{
	"":                        {"cmd"},
	"cmd":                     {"cmd/config", "cmd/logbuffer", "cmd/userfile", "cmd/vault", "server", "authn", "authn/hashing", "authn/hashing/hashbench", "authn/mail", "store", "store/postgres", "store/sqlite", "store/sqlite/dbfile", "migrations"},
	"cmd/config":              {"cmd/vault", "server", "authn", "authn/hashing", "authn/mail", "store/postgres", "store/sqlite/dbfile"},
	"cmd/logbuffer":           {},
	"cmd/userfile":            {"authn", "store"},
	"cmd/vault":               {},
	"server":                  {"authn", "authn/hashing", "authn/mail", "store", "store/batch"},
	"authn":                   {"authn/hashing", "store"},
	"authn/hashing":           {"authn/hashing/argon2id", "authn/hashing/foreign"},
	"authn/hashing/argon2id":  {},
	"authn/hashing/foreign":   {},
	"authn/hashing/hashbench": {"authn/hashing"},
	"authn/mail":              {"store"},
	"store":                   {"store/batch"},
	"store/batch":             {},
	"store/postgres":          {"store", "store/batch", "migrations"},
	"store/sqlite":            {"store", "store/batch", "store/sqlite/dbfile", "migrations"},
	"store/sqlite/dbfile":     {"store"},
	"store/storetest":         {"store", "store/batch", "store/postgres", "store/sqlite", "migrations"},
	"migrations":              {},
}

// mayNotReach lists packages that must not be linked into a package, directly or indirectly.
var mayNotReach = map[string][]string{
	"cmd/config":    {"github.com/spf13/cobra"},
	"cmd/userfile":  {"net/http", "database/sql", "github.com/spf13/cobra"},
	"authn":         {"net/http", "database/sql", "github.com/spf13/cobra", "github.com/spf13/viper", "github.com/rs/zerolog"},
	"authn/hashing": {"net/http", "database/sql", "github.com/spf13/cobra", "github.com/spf13/viper", "github.com/rs/zerolog", module + "/authn", module + "/store"},
	"authn/mail":    {"net/http", "database/sql", "github.com/spf13/cobra", "github.com/spf13/viper", "github.com/rs/zerolog", module + "/authn"},
	"store":         {"net/http", "database/sql", "log/slog"},
	"":              {module + "/store/storetest"},
}

func list(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.Command("go", append([]string{"list"}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list %s: %v", strings.Join(args, " "), err)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func TestPackagesImportOnlyWhatTheLawAllows(t *testing.T) {
	t.Parallel()
	for _, line := range list(t, "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...") {
		fields := strings.Fields(line)
		name := relative(fields[0])
		allowed, known := mayImport[name]
		if !known {
			t.Errorf("package %q has no place in the layout", name)
			continue
		}
		for _, imported := range fields[1:] {
			if imported == "testing" && name != "store/storetest" {
				t.Errorf("package %q imports testing", name)
			}
			if strings.HasPrefix(imported, module) && !slices.Contains(allowed, relative(imported)) {
				t.Errorf("package %q must not import %q", name, relative(imported))
			}
		}
	}
}

func TestPackagesReachNothingThatIsNotTheirs(t *testing.T) {
	t.Parallel()
	for name, forbidden := range mayNotReach {
		deps := list(t, "-deps", "./"+name)
		for _, path := range forbidden {
			if slices.Contains(deps, path) {
				t.Errorf("package %q reaches %s", name, path)
			}
		}
	}
}

func TestStoreNeedsOnlyTheStandardLibraryAndUUID(t *testing.T) {
	t.Parallel()
	for _, path := range list(t, "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./store") {
		if !strings.HasPrefix(path, module) && path != "github.com/google/uuid" {
			t.Errorf("store reaches %s", path)
		}
	}
}

func relative(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
}

// TestTheTwinsHaveTheSameFiles: a diff of the two folders then shows only how the dialects
// differ.
func TestTheTwinsHaveTheSameFiles(t *testing.T) {
	t.Parallel()
	files := func(pkg string) []string { return list(t, "-f", `{{join .GoFiles "\n"}}`, "./store/"+pkg) }
	if postgres, sqlite := files("postgres"), files("sqlite"); !slices.Equal(postgres, sqlite) {
		t.Errorf("store/postgres has %q\nstore/sqlite has   %q", postgres, sqlite)
	}
}
