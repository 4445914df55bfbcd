package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
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

// TestKeysNamesTheVersionsThatItsSamplesRunWith compares docs/keys.md with the pinned versions of .ci/verifiers.
// Debian pins that of PyJWT.
func TestKeysNamesTheVersionsThatItsSamplesRunWith(t *testing.T) {
	t.Parallel()
	namesPinned(t, "docs/keys.md", []string{".ci/verifiers/go/go.mod", ".ci/verifiers/npm/package.json"}, map[string]string{
		"go-oidc": `coreos/go-oidc/v3 v`, "keyfunc": `MicahParks/keyfunc/v3 v`, "golang-jwt": `golang-jwt/jwt/v5 v`, "jwx": `lestrrat-go/jwx/v3 v`,
		"jose": `"jose": "`, "jsonwebtoken": `"jsonwebtoken": "`, "jwks-rsa": `"jwks-rsa": "`, "fast-jwt": `"fast-jwt": "`, "oauth4webapi": `"oauth4webapi": "`,
	})
}

// TestAppsNamesTheVersionsThatItsSamplesRunWith compares docs/apps.md with the pinned versions of .ci/apps.
func TestAppsNamesTheVersionsThatItsSamplesRunWith(t *testing.T) {
	t.Parallel()
	namesPinned(t, "docs/apps.md", []string{".ci/apps/go/go.mod", ".ci/apps/npm/package.json", ".ci/apps/next/package.json"}, map[string]string{
		"Express": `"express": "`, "jose": `"jose": "`, "Next.js": `"next": "`, "go-oidc": `coreos/go-oidc/v3 v`,
	})
}

// namesPinned checks that a page names the major and minor versions that files pin, which follow the texts of in.
func namesPinned(t *testing.T, page string, files []string, in map[string]string) {
	t.Helper()
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(string(text)), " ") // a name and its version may be on two lines
	}
	var pinned string
	for _, file := range files {
		pinned += read(file)
	}
	text := read(page)
	for name, before := range in {
		_, version, found := strings.Cut(pinned, before)
		parts := strings.SplitN(version, ".", 3)
		if !found || len(parts) < 3 {
			t.Errorf("no version of %s is pinned", name)
			continue
		}
		if want := name + " " + parts[0] + "." + parts[1]; !strings.Contains(text, want) {
			t.Errorf("%s does not name %s, which its samples run with", page, want)
		}
	}
}

func TestNoLineOfDocumentationIsLongerThan120Columns(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	further, err := filepath.Glob("docs/*/*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages = append(pages, further...)
	for _, page := range append(pages, "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		code := false
		for i, line := range strings.Split(string(text), "\n") {
			if strings.HasPrefix(line, "```") {
				code = !code
			}
			if columns := utf8.RuneCountInString(line); columns > 120 && !code {
				t.Errorf("%s:%d has %d columns", page, i+1, columns)
			}
		}
	}
}
