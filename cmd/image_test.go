package cmd_test

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNoSecretIsSentToWhatBuildsTheImage reads .dockerignore. Its patterns are those of
// path.Match, below the root or, after **/, anywhere.
func TestNoSecretIsSentToWhatBuildsTheImage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", ".dockerignore"))
	if err != nil {
		t.Fatal(err)
	}
	ignored := func(file string) bool {
		return slices.ContainsFunc(strings.Fields(string(text)), func(pattern string) bool {
			name := file
			if below, anywhere := strings.CutPrefix(pattern, "**/"); anywhere {
				pattern, name = below, path.Base(file)
			}
			matches, err := path.Match(pattern, name)
			return err != nil || matches || strings.HasPrefix(file, pattern+"/")
		})
	}
	for _, secret := range []string{
		".env", "deploy/.env", ".env.local", "production.env", "authctl.secret", "data/authctl.secret", "jwt.secret",
		"authctl.db", "data/authctl.db", "data/authctl.db-wal", "authctl.yaml", "authctl.yml", "authctl.json", "authctl.toml",
		"tls/server.key", "key.pem", "client.p12", "cookies.txt", "backup.dump", "secrets/jwt",
	} {
		if !ignored(secret) {
			t.Errorf("%s is sent", secret)
		}
	}
	for _, source := range []string{"main.go", "go.mod", "go.sum", "cmd/secret.go", "authn/blocklist.txt.gz", "migrations/postgres/00001_users_and_sessions.sql", "config.example.yaml", ".git/HEAD"} {
		if ignored(source) {
			t.Errorf("%s is not sent", source)
		}
	}
}

// TestAuthctlIsOnTheImagesPath: users of the image type authctl without its folder.
func TestAuthctlIsOnTheImagesPath(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	var binary string
	var folders []string
	for line := range strings.Lines(string(text)) {
		switch words := strings.Fields(line); {
		case strings.HasPrefix(line, "FROM scratch"):
			binary, folders = "", nil // of what builds it nothing is left
		case strings.HasPrefix(line, "COPY ") && path.Base(words[len(words)-1]) == "authctl":
			binary = words[len(words)-1]
		case strings.HasPrefix(line, "ENV PATH="):
			folders = strings.Split(strings.TrimPrefix(words[1], "PATH="), ":")
		}
	}
	if binary == "" || !slices.Contains(folders, path.Dir(binary)) {
		t.Errorf("the image's binary is %q, its path %q", binary, folders)
	}
}
