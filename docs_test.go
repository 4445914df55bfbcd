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
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	page, pinned := read("docs/keys.md"), read(".ci/verifiers/go/go.mod")+read(".ci/verifiers/npm/package.json")
	for name, in := range map[string]string{
		"go-oidc": `coreos/go-oidc/v3 v`, "keyfunc": `MicahParks/keyfunc/v3 v`, "golang-jwt": `golang-jwt/jwt/v5 v`, "jwx": `lestrrat-go/jwx/v3 v`,
		"jose": `"jose": "`, "jsonwebtoken": `"jsonwebtoken": "`, "jwks-rsa": `"jwks-rsa": "`, "fast-jwt": `"fast-jwt": "`, "oauth4webapi": `"oauth4webapi": "`,
	} {
		_, version, found := strings.Cut(pinned, in)
		parts := strings.SplitN(version, ".", 3)
		if !found || len(parts) < 3 {
			t.Errorf("no version of %s is pinned", name)
			continue
		}
		if want := name + " " + parts[0] + "." + parts[1]; !strings.Contains(page, want) {
			t.Errorf("docs/keys.md does not name %s, which its samples run with", want)
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
