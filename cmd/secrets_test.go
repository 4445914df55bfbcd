package cmd_test

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Texts that a server must never print: whatever has the form of a token, a hash or a key; the
// passwords of the tests in this package; and every secret that the server was given or has
// created.
var secretShapes = map[string]*regexp.Regexp{
	"an access token":           regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`),
	"a refresh token or a hash": regexp.MustCompile(`(^|[^\w-])[\w-]{64}($|[^\w-])`),
	"a password hash":           regexp.MustCompile(`\$(argon2|2[aby]|pbkdf2|scrypt|[156y]\$)`),
	"a private key":             regexp.MustCompile(`PRIVATE KEY`),
	"a password":                regexp.MustCompile(`a(nother)? password (for|of)|hunter[23]`),
}

// testFolder is a temporary folder of a test. Its name may by chance be as long as a token.
var testFolder = regexp.MustCompile(`/Test[\w-]+/\d{3}\b`)

// keepsSecrets fails the test when a server in this folder, with these variables, has printed
// a secret.
func keepsSecrets(t testing.TB, said, dir string, environ []string) {
	t.Helper()
	shown := testFolder.ReplaceAllString(said, "/FOLDER")
	for what, shape := range secretShapes {
		if found := shape.FindString(shown); found != "" {
			t.Errorf("serve has told %s: %s", what, found)
		}
	}
	var secrets []string
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		switch {
		case strings.HasSuffix(name, "SECRET") || strings.HasSuffix(name, "SECRETS") || strings.HasSuffix(name, "PEPPER") || strings.HasSuffix(name, "TOKEN"):
			secrets = append(secrets, value)
		case strings.HasSuffix(name, "DATABASE_URL"):
			if u, err := url.Parse(value); err == nil {
				password, _ := u.User.Password()
				secrets = append(secrets, password)
			}
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*secret*"))
	for _, file := range files {
		if b, err := os.ReadFile(file); err == nil {
			secrets = append(secrets, strings.TrimSpace(string(b)))
		}
	}
	for _, s := range secrets {
		if strings.HasPrefix(s, "vault:") { // says where it is
			continue
		}
		if len(s) >= 10 && strings.Contains(said, s) {
			t.Errorf("serve has told the secret %.4s…", s)
		}
	}
}

func TestSecretsAreKnownByTheirShape(t *testing.T) {
	t.Parallel()
	for what, text := range map[string]string{
		"an access token":           `"cookie":"access_token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_"`,
		"a refresh token or a hash": `"token":"` + strings.Repeat("Ab1-", 16) + `"`,
		"a password hash":           `$argon2id$v=19$m=64`,
		"a private key":             "-----BEGIN PRIVATE KEY-----",
		"a password":                `{"password":"a password for scripts"}`,
	} {
		if !secretShapes[what].MatchString(text) {
			t.Errorf("%s is not seen in %s", what, text)
		}
	}
	harmless := `{"level":"info","request_id":"0f1e2d3c4b5a69788796a5b4c3d2e1f0","method":"POST","path":"/login","route":"/login","status":401,"remote_addr":"127.0.0.1"}`
	for what, shape := range secretShapes {
		if shape.MatchString(harmless) {
			t.Errorf("%s is seen in %s", what, harmless)
		}
	}
}
