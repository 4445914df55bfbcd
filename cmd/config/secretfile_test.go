package config

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func filesForSecrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	for _, tt := range []struct {
		content string
		mode    os.FileMode
		want    string // "" when it is refused
		says    string
	}{
		{goodSecret, 0o600, goodSecret, ""},
		{goodSecret + "\n", 0o400, goodSecret, ""},
		{goodSecret + "\r\n", 0o640, goodSecret, ""},
		{goodSecret + "\n\n", 0o600, "", "ends in more than one line break"},
		{goodSecret[:32] + " " + goodSecret[32:], 0o600, goodSecret[:32] + " " + goodSecret[32:], ""},
		{goodSecret, 0o604, "", "chmod 600 "},
		{goodSecret, 0o620, "", "chmod 600 "},
		{goodSecret, 0o644, "", "mode 0644"},
		{"", 0o600, "", "is empty"},
		{"\n", 0o600, "", "is empty"},
		{strings.Repeat("x", MaxSecretFile+1), 0o600, "", "larger than"},
		{"short", 0o600, "", "32"},
	} {
		os.Remove(path)
		write(t, path, tt.content, tt.mode)
		cfg, err := Load(from(t, "", "JWT_SECRET_FILE="+path))
		if tt.want != "" {
			origin := "file " + path
			if tt.want != tt.content {
				origin += ", without the line break at its end"
			}
			if err != nil || string(cfg.JWT.Secret.Text) != tt.want || cfg.Origins["jwt.secret"] != origin {
				t.Errorf("%q, mode %o: got %v from %s", tt.content, tt.mode, err, cfg.Origins["jwt.secret"])
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.says) || !strings.HasPrefix(err.Error(), "jwt.secret") {
			t.Errorf("%.20q, mode %o: got %v, want …%s…", tt.content, tt.mode, err, tt.says)
		}
	}
	open, link := filepath.Join(t.TempDir(), "open"), filepath.Join(t.TempDir(), "link")
	write(t, open, goodSecret, 0o666)
	if err := os.Symlink(open, link); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{
		link:                                  "mode 0666",
		os.DevNull:                            "is not a regular file",
		t.TempDir():                           "is not a regular file",
		filepath.Join(t.TempDir(), "nowhere"): "no such file",
	} {
		if _, err := Load(from(t, "", "DATABASE_URL_FILE="+path)); err == nil ||
			!strings.HasPrefix(err.Error(), "database.url_file: ") || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v, want …%s…", path, err, says)
		}
	}
}

func secretsGivenTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	write(t, path, goodSecret, 0o600)
	_, err := Load(from(t, "", "DATABASE_URL=postgres://u:hunter2@localhost/db", "DATABASE_URL_FILE="+path))
	if err == nil || !strings.Contains(err.Error(), "database.url: is given twice") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
	_, err = Load(from(t, "jwt: {secret_file: "+path+"}", "JWT_SECRET="+otherSecret))
	if err == nil || !strings.Contains(err.Error(), "jwt.secret: is given twice") || strings.Contains(err.Error(), otherSecret) {
		t.Errorf("got %v", err)
	}
}

func TestOneOfManyMakesTheSecret(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "authctl.secret")
	var makers atomic.Int32
	values := make([]string, 32)
	var group sync.WaitGroup
	for i := range values {
		group.Go(func() {
			value, made, err := EnsureSecret(path)
			if err != nil {
				t.Error(err)
			}
			if made {
				makers.Add(1)
			}
			values[i] = value
		})
	}
	group.Wait()
	for _, value := range values {
		if value != values[0] || len(value) != 64 {
			t.Fatalf("got the secrets %q", values)
		}
	}
	if n := makers.Load(); n != 1 {
		t.Errorf("got %d makers, want 1", n)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want mode 0600", info.Mode(), err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("got %v, want the secret alone", left)
	}
}

func brokenMadeSecrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "authctl.secret")
	write(t, path, goodSecret[:20], 0o600)
	if value, _, err := EnsureSecret(path); err == nil || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), goodSecret[:20]) {
		t.Errorf("got %q, %v, want an error that names the file", value, err)
	}
	if b, _ := os.ReadFile(path); string(b) != goodSecret[:20] {
		t.Errorf("the file was changed to %q", b)
	}
	write(t, path, goodSecret, 0o644)
	if value, _, err := EnsureSecret(path); err == nil || !strings.Contains(err.Error(), "chmod 600 "+path) {
		t.Errorf("got %q, %v, want a refusal of mode 0644", value, err)
	}
}
