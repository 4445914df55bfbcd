package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const stranger = 54321 // a user who is neither root nor the one that runs the tests

// asRoot skips a test that changes the owner of files, unless it runs as root.
func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file to another user")
	}
}

// named is a kind of file that sources name. Its content is harmless, or a secret.
type named struct {
	name string // of the file
	text string
	open string // a text that holds a secret; "" when every text of such files is one
	env  string // a variable that names the file
}

func namedFiles() map[string]named {
	return map[string]named{
		"the configuration": {defaultFile, "log: {level: warn}", "jwt: {secret: " + goodSecret + "}", ""},
		"another one":       {"other.json", `{"log": {"level": "warn"}}`, `{"password": {"previous_peppers": ["` + goodSecret + `"]}}`, "AUTHCTL_CONFIG"},
		".env":              {".env", "LOG_LEVEL=warn\n", "JWT_SECRET=" + goodSecret + "\n", ""},
		"a secret":          {"secret", goodSecret, "", "JWT_SECRET_FILE"},
		"a database URL":    {"url", "sqlite:a.db", "", "DATABASE_URL_FILE"},
		"a blocklist":       {"list", "correct horse battery staple\n", "", "AUTHCTL_PASSWORD_BLOCKLIST_FILE"},
	}
}

func (n named) in(t *testing.T, text string, mode os.FileMode) (src Sources, path string) {
	t.Helper()
	src = from(t, "")
	path = filepath.Join(src.Dir, n.name)
	write(t, path, text, mode)
	if n.env != "" {
		src.Environ = []string{n.env + "=" + path}
	}
	return src, path
}

// check loads as serve does, which reads the blocklist.
func check(src Sources) error {
	cfg, err := Load(src)
	if err == nil {
		err = cfg.CheckServing()
	}
	return err
}

func wantRefusal(t *testing.T, what string, err error, says ...string) {
	t.Helper()
	for _, part := range says {
		if err == nil || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), goodSecret) {
			t.Errorf("%s: got %v, want …%s…", what, err, part)
		}
	}
}

func TestAFileThatOthersMayChangeIsNotRead(t *testing.T) {
	t.Parallel()
	for what, file := range namedFiles() {
		for _, mode := range []os.FileMode{0o666, 0o662, 0o620, 0o602, 0o777} {
			src, path := file.in(t, file.text, mode)
			wantRefusal(t, what, check(src), "chmod ", path)
			link := filepath.Join(t.TempDir(), "target")
			if err := os.Rename(path, link); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(link, path); err != nil {
				t.Fatal(err)
			}
			wantRefusal(t, what+" behind a link", check(src), "chmod ", path)
		}
		for _, mode := range []os.FileMode{0o600, 0o640, 0o400} {
			if src, _ := file.in(t, file.text, mode); check(src) != nil {
				t.Errorf("%s, mode %o: got %v", what, mode, check(src))
			}
		}
	}
}

func TestAFileOfAnotherUserIsNotRead(t *testing.T) {
	t.Parallel()
	asRoot(t)
	for what, file := range namedFiles() {
		src, path := file.in(t, file.text, 0o600)
		if err := os.Chown(path, stranger, 0); err != nil {
			t.Fatal(err)
		}
		wantRefusal(t, what, check(src), path+" belongs to the user 54321", "chown")

		target := filepath.Join(t.TempDir(), "target")
		if err := os.Rename(path, target); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(target, path); err != nil {
			t.Fatal(err)
		}
		wantRefusal(t, what+" behind our own link", check(src), "belongs to the user 54321")
		if err := os.Chown(target, 0, stranger); err != nil { // a group that may not write
			t.Fatal(err)
		}
		if err := check(src); err != nil {
			t.Errorf("%s of our own: got %v", what, err)
		}
		if err := os.Lchown(path, stranger, 0); err != nil {
			t.Fatal(err)
		}
		wantRefusal(t, what+" behind the link of a stranger", check(src), "belongs to the user 54321")
		between := filepath.Join(t.TempDir(), "between")
		if err := os.Rename(path, between); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(between, path); err != nil {
			t.Fatal(err)
		}
		wantRefusal(t, what+" behind the second link of a stranger", check(src), "belongs to the user 54321")
	}
}

func TestAFileThatEverybodyMayReadHoldsNoSecret(t *testing.T) {
	t.Parallel()
	for what, file := range namedFiles() {
		if file.open == "" {
			continue
		}
		src, path := file.in(t, file.open, 0o644)
		wantRefusal(t, what, check(src), "is a secret, and everybody may read "+path, "mode 0644", "chmod 600 "+path)
		for text, mode := range map[string]os.FileMode{file.open: 0o640, file.text: 0o644} {
			if src, _ := file.in(t, text, mode); check(src) != nil {
				t.Errorf("%s, mode %o: got %v", what, mode, check(src))
			}
		}
	}
	for text, refused := range map[string]bool{
		"DATABASE_URL=postgres://u:hunter2@localhost/db":    true,
		"DATABASE_URL=postgres://u@localhost/db?password=x": true,
		"DATABASE_URL=postgres://u@localhost/db":            false,
		"DATABASE_URL=sqlite:a.db":                          false,
		"AUTHCTL_MAIL_URL=smtp://u:hunter2@localhost":       true,
		"AUTHCTL_MAIL_URL=smtp://localhost:1025":            false,
		"AUTHCTL_MAIL_URL=file:mails":                       false,
		"AUTHCTL_MAIL_URL=log:":                             false,
		"JWT_SECRET=vault:kv/authctl#jwt_secret":            false,
		"JWT_SECRET=":                                       false,
		"AUTHCTL_JWT_PREVIOUS_SECRETS=" + goodSecret:        true,
		"AUTHCTL_PASSWORD_PEPPER=" + goodSecret:             true,
		"AUTHCTL_VAULT_SECRET_ID=hunter2":                   true,
		"SOMETHING_ELSE=hunter2":                            false,
	} {
		src := from(t, "")
		write(t, filepath.Join(src.Dir, ".env"), text, 0o644)
		if err := check(src); (err != nil && strings.Contains(err.Error(), "is a secret, and everybody may read")) != refused {
			t.Errorf("%s: got %v, refused should be %t", text, err, refused)
		}
	}
}

func TestACertificateThatOthersMayChangeIsNotShown(t *testing.T) {
	t.Parallel()
	certFile, keyFile := writePair(t)
	src := from(t, "", "AUTHCTL_SERVER_TLS_CERT_FILE="+certFile, "AUTHCTL_SERVER_TLS_KEY_FILE="+keyFile)
	if err := check(src); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(certFile, 0o664); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, "a certificate", check(src), "server.tls.cert_file", "chmod go-w "+certFile)
	if err := os.Chmod(certFile, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := check(src); err != nil {
		t.Errorf("one that everybody may read: got %v", err)
	}
	asRoot(t)
	if err := os.Chown(keyFile, stranger, 0); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, "a key", check(src), "server.tls.key_file", "belongs to the user 54321")
}
