package migrations_test

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/migrations"
)

// firstToSay is the first migration that says whom it suits.
const firstToSay = migrations.FirstToSay

func TestMigrationsAreNumberedOnceAndSayWhomTheySuit(t *testing.T) {
	t.Parallel()
	var twins [][]string
	for dialect, files := range map[string]fs.FS{"postgres": migrations.Postgres(), "sqlite": migrations.SQLite()} {
		names, err := fs.Glob(files, "*.sql")
		if err != nil {
			t.Fatal(err)
		}
		twins = append(twins, names)
		for i, name := range names {
			version := int64(i) + 1
			if !strings.HasPrefix(name, fmt.Sprintf("%05d_", version)) {
				t.Fatalf("%s/%s: want number %d", dialect, name, version)
			}
			sql, err := fs.ReadFile(files, name)
			if err != nil {
				t.Fatal(err)
			}
			if version < firstToSay {
				continue
			}
			suits, err := migrations.MinVersion(files, name, version)
			if err != nil || suits < 1 || suits > version {
				t.Errorf("%s/%s: suits version %d and newer, %v", dialect, name, suits, err)
			}
			for part, want := range map[string]string{
				"up":   fmt.Sprintf("INSERT INTO schema_versions (version, min_version) VALUES (%d, %d);\n\n-- +goose Down\n", version, suits),
				"down": fmt.Sprintf("DELETE FROM schema_versions WHERE version = %d;\n", version),
			} {
				if version > firstToSay && strings.Count(string(sql), want) == 0 || part == "up" && !strings.Contains(string(sql), want) {
					t.Errorf("%s/%s: does not say %q", dialect, name, want)
				}
			}
		}
	}
	if !slices.Equal(twins[0], twins[1]) {
		t.Errorf("got %q and %q", twins[0], twins[1])
	}
}
