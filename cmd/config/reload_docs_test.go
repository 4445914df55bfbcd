package config

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTheDocumentedReloadsAreTheDeclaredOnes compares the table of docs/configuration.md with the tags.
func TestTheDocumentedReloadsAreTheDeclaredOnes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(text), "| section | taken over | needs a restart |\n|---|---|---|\n")
	if !found {
		t.Fatal("there is no table")
	}
	reload, restart := []string{}, []string{}
	for line := range strings.Lines(table) {
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells := strings.Split(line, "|")
		section := strings.Trim(cells[1], " `")
		reload = append(reload, keysIn(section, cells[2])...)
		restart = append(restart, keysIn(section, cells[3])...)
	}
	var wantReload, wantRestart []string
	for _, f := range fields(&Settings{}) {
		if f.reloads() {
			wantReload = append(wantReload, f.key)
		} else {
			wantRestart = append(wantRestart, f.key)
		}
	}
	for _, tt := range []struct {
		column    string
		got, want []string
	}{{"taken over", reload, wantReload}, {"needs a restart", restart, wantRestart}} {
		slices.Sort(tt.got)
		slices.Sort(tt.want)
		if !slices.Equal(tt.got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.column, tt.got, tt.want)
		}
	}
}

var codeSpan = regexp.MustCompile("`([a-z0-9_.]+)`")

// keysIn returns the keys that a cell of the table names; "all" is every key of the section. An X that is a secret
// stands for X_file too.
func keysIn(section, cell string) (all []string) {
	prefix := section + "."
	if section == "" {
		prefix = ""
	}
	if strings.TrimSpace(cell) == "all" {
		for _, key := range keys() {
			if strings.HasPrefix(key, prefix) {
				all = append(all, key)
			}
		}
		return all
	}
	for _, name := range codeSpan.FindAllStringSubmatch(cell, -1) {
		all = append(all, prefix+name[1])
		if file := prefix + name[1] + "_file"; slices.Contains(keys(), file) {
			all = append(all, file)
		}
	}
	return all
}
