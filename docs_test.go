package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// inBackticks is a path of the project in a document.
var inBackticks = regexp.MustCompile("`((?:[.\\w-]+/)*[\\w-]+\\.(?:go|md|yaml|json|mod|txtar)|(?:authn|cmd|server|store|migrations|docs|\\.ci)(?:/[\\w-]+)+)`")

func TestMaintainersPagesNameFilesThatExist(t *testing.T) {
	t.Parallel()
	for _, page := range []string{"docs/architecture.md", "docs/development.md", "CONTRIBUTING.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		found := inBackticks.FindAllStringSubmatch(string(text), -1)
		if len(found) == 0 && strings.HasPrefix(page, "docs/") {
			t.Errorf("%s names no file", page)
		}
		for _, m := range found {
			if _, err := os.Stat(filepath.FromSlash(m[1])); err != nil {
				t.Errorf("%s names %s: %v", page, m[1], err)
			}
		}
	}
}
