package config

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/authctl/authctl/cmd/vault"
)

// wrongEncodings returns a text as editors of Windows save it.
func wrongEncodings(text string) map[string]string {
	little, big := []byte(nil), []byte(nil)
	for _, unit := range utf16.Encode([]rune(text)) {
		little = binary.LittleEndian.AppendUint16(little, unit)
		big = binary.BigEndian.AppendUint16(big, unit)
	}
	return map[string]string{
		"UTF-16, little endian":        "\xff\xfe" + string(little),
		"UTF-16, big endian":           "\xfe\xff" + string(big),
		"UTF-16, without a mark":       string(little),
		"UTF-8 with a byte order mark": "\ufeff" + text,
	}
}

// straySecrets returns what may surround a secret by mistake, and a part of the message about
// it.
func straySecrets(secret string) map[string]string {
	strays := map[string]string{
		`"` + secret + `"`:         "stands in quotes",
		`'` + secret + `'`:         "stands in quotes",
		secret + "\n\n":            "line break",
		secret + "\r\n\r\n":        "line break",
		secret + "\n\r":            "line break",
		secret + "\nsecond line":   "has more than one line",
		secret + "\rsecond line":   "has more than one line",
		secret + "\nsecond line\n": "line",
		"\n" + secret:              "has more than one line",
		secret + " ":               "ends in a blank (U+0020)",
		secret + "\t":              "ends in a blank (U+0009)",
		secret + "\u00a0":          "ends in a blank (U+00A0)",
		secret + "\u200b":          "ends in a blank (U+200B)",
		" " + secret:               "begins with a blank (U+0020)",
		secret + "\x00":            "has a NUL byte in it",
	}
	for name, text := range wrongEncodings(secret) {
		strays[text] = "UTF-16"
		if strings.HasPrefix(name, "UTF-8") {
			strays[text] = "begins with a byte order mark (EF BB BF)"
		}
	}
	return strays
}

func refusedFor(err error, key, says string) bool {
	all, _ := err.(Faults)
	return slices.ContainsFunc(all, func(f Fault) bool { return f.Key == key && strings.Contains(f.Why, says) })
}

// TestAFileOfASecretIsRefusedForWhatStandsAroundIt tries every setting for such a file.
func TestAFileOfASecretIsRefusedForWhatStandsAroundIt(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{
		"database.url_file": "postgres://u:hunter2@localhost/db", "jwt.secret_file": goodSecret, "jwt.previous_secrets_file": goodSecret,
		"password.pepper_file": goodSecret, "password.previous_peppers_file": goodSecret, "vault.secret_id_file": goodSecret,
		"mail.url_file": "smtp://u:hunter2@mail.example",
	}
	for _, key := range keys() {
		if stem := strings.TrimSuffix(key, "_file"); stem != key && slices.Contains(keys(), stem) && secrets[key] == "" {
			t.Errorf("the test has no secret for %s", key)
		}
	}
	for key, secret := range secrets {
		list := strings.Contains(key, ".previous_")
		path := filepath.Join(t.TempDir(), "secret")
		src := from(t, "", variableOf(key)+"="+path)
		for text, says := range straySecrets(secret) {
			switch {
			case !list:
			case strings.HasSuffix(text, "\n\n") || strings.HasSuffix(text, "\n\r\n") || strings.HasPrefix(text, "\n"):
				continue // an empty line among several
			case strings.HasPrefix(text, secret+"\nsecond") || strings.HasSuffix(text, "\n\r"):
				continue // another secret, which is too short
			}
			write(t, path, text, 0o600)
			_, err := Load(src)
			if !refusedFor(err, key, says) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %q: got %v, want …%s…", key, text, err, says)
			}
		}
	}
}

func TestALineOfPreviousSecretsIsRefusedWithItsNumber(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secrets")
	write(t, path, goodSecret+"\r\n\n\""+otherSecret+"\"\n", 0o600)
	for _, key := range []string{"jwt.previous_secrets_file", "password.previous_peppers_file"} {
		_, err := Load(from(t, "", variableOf(key)+"="+path))
		if !refusedFor(err, key, path+": line 3 stands in quotes") {
			t.Errorf("got %v", err)
		}
	}
	write(t, path, goodSecret+"\r\n\n"+otherSecret+"\n\n", 0o600)
	cfg := mustLoad(t, from(t, "", "AUTHCTL_JWT_PREVIOUS_SECRETS_FILE="+path))
	if got := cfg.JWT.PreviousSecrets.strings(); !slices.Equal(got, []string{goodSecret, otherSecret}) {
		t.Errorf("got %q", got)
	}
	write(t, path, "\n\n", 0o600)
	if _, err := Load(from(t, "", "AUTHCTL_JWT_PREVIOUS_SECRETS_FILE="+path)); !refusedFor(err, "jwt.previous_secrets_file", "is empty") {
		t.Errorf("got %v", err)
	}
}

func TestASecretInTheEnvironmentIsRefusedForWhatStandsAroundIt(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{
		"DATABASE_URL": "database.url", "JWT_SECRET": "jwt.secret", "AUTHCTL_JWT_SECRET": "jwt.secret", "AUTHCTL_PASSWORD_PEPPER": "password.pepper",
		"AUTHCTL_VAULT_SECRET_ID": "vault.secret_id", "AUTHCTL_JWT_ISSUER": "jwt.issuer", "JWT_SECRET_FILE": "jwt.secret_file",
	} {
		strays := straySecrets(goodSecret)
		strays[goodSecret+"\n"] = "ends in a line break"
		for text, says := range strays {
			_, err := Load(from(t, "", name+"="+text))
			if !refusedFor(err, key, says) || !strings.Contains(err.Error(), "(from env "+name+")") || strings.Contains(err.Error(), goodSecret) {
				t.Errorf("%s: %q: got %v, want …%s…", name, text, err, says)
			}
		}
	}
	for _, name := range []string{"AUTHCTL_JWT_PREVIOUS_SECRETS", "AUTHCTL_PASSWORD_PREVIOUS_PEPPERS"} {
		for _, text := range []string{`"` + goodSecret + `"`, otherSecret + `,"` + goodSecret + `"`, `"` + otherSecret + `,` + goodSecret + `"`} {
			if _, err := Load(from(t, "", name+"="+text)); err == nil || !strings.Contains(err.Error(), "stands in quotes") {
				t.Errorf("%s=%s: got %v", name, text, err)
			}
		}
	}
	for _, origins := range []string{`"https://a.example"`, `"https://a.example,https://b.example"`} {
		if _, err := Load(from(t, "", "AUTHCTL_SERVER_TRUSTED_ORIGINS="+origins)); !refusedFor(err, "server.trusted_origins", "stands in quotes") {
			t.Errorf("%s: got %v", origins, err)
		}
	}
}

// TestASecretInTheConfigurationFileIsRefusedForWhatStandsAroundIt has block scalars, which end
// in a line break, and quotes within quotes.
func TestASecretInTheConfigurationFileIsRefusedForWhatStandsAroundIt(t *testing.T) {
	t.Parallel()
	for key, value := range map[string]string{
		"database.url": "sqlite:a.db", "jwt.secret": goodSecret, "password.pepper": goodSecret, "vault.secret_id": goodSecret,
	} {
		section, name, _ := strings.Cut(key, ".")
		for text, says := range map[string]string{
			"|\n    " + value:       "ends in a line break",
			`'"` + value + `"'`:     "stands in quotes",
			`"\ufeff` + value + `"`: "begins with a byte order mark",
			`"` + value + ` "`:      "ends in a blank",
		} {
			src := from(t, fmt.Sprintf("%s:\n  %s: %s\n", section, name, text))
			if _, err := Load(src); !refusedFor(err, key, says) || strings.Contains(err.Error(), value) {
				t.Errorf("%s: %s: got %v, want …%s…", key, text, err, says)
			}
		}
	}
}

// TestASecretThatWasInUseWithAStrayLineBreakCanBeKept shows what installations can do whose
// pepper or secret had such a character, which is refused now.
func TestASecretThatWasInUseWithAStrayLineBreakCanBeKept(t *testing.T) {
	t.Parallel()
	src := from(t, `
jwt:
  secret: `+otherSecret+`
  previous_secrets: ["`+goodSecret+`\n"]
password:
  pepper: `+otherSecret+`
  previous_peppers: ["\ufeff`+goodSecret+`", "'`+goodSecret+`'", !!binary "//5hAGIAYwBkAGUAZgBnAGgAaQBqAGsAbABtAG4AbwBwAA=="]
`)
	cfg := mustLoad(t, src)
	if got, want := cfg.JWT.PreviousSecrets.strings(), []string{goodSecret + "\n"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	want := []string{"\ufeff" + goodSecret, "'" + goodSecret + "'", wrongEncodings("abcdefghijklmnop")["UTF-16, little endian"]}
	if got := cfg.Password.PreviousPeppers.strings(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheSecretThatWasMadeIsRefusedForWhatStandsAroundIt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "authctl.secret")
	for text, says := range straySecrets(goodSecret) {
		write(t, path, text, 0o600)
		if _, _, err := EnsureSecret(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, want …%s…", text, err, says)
		}
	}
}

func TestATokenFileOfVaultIsRefusedForWhatStandsAroundIt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	for text, says := range straySecrets("hvs.hunter2") {
		write(t, path, text, 0o600)
		_, err := readVaultFile("vault.token_file", path)
		if err == nil || !strings.HasPrefix(err.Error(), "vault.token_file: "+path) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: got %v, want …%s…", text, err, says)
		}
	}
}

func TestASecretInVaultIsRefusedForWhatStandsAroundIt(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"database.url", "jwt.secret", "password.pepper"} {
		for text, says := range straySecrets(goodSecret) {
			src := from(t, "", variableOf(key)+"=vault:kv/authctl#it")
			src.Vault = func(Vault, string, vault.Reference) (vault.Value, bool, error) {
				return vault.Value{Text: text, Version: 3}, true, nil
			}
			_, err := Load(src)
			if !refusedFor(err, key, says) || !strings.Contains(err.Error(), "vault:kv/authctl#it (version 3)") || strings.Contains(err.Error(), goodSecret) {
				t.Errorf("%s: %q: got %v, want …%s…", key, text, err, says)
			}
		}
	}
	src := from(t, "", "JWT_SECRET=vault:kv/authctl#it")
	src.Vault = func(Vault, string, vault.Reference) (vault.Value, bool, error) {
		return vault.Value{Text: goodSecret, Version: 3, Cut: true}, true, nil
	}
	if got, want := mustLoad(t, src).Origins["jwt.secret"], "env JWT_SECRET, vault:kv/authctl#it (version 3, without the line break at its end)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestOtherFilesInAnotherEncodingAreRefused: otherwise the blocklist would block nothing, and
// a certificate would count as empty.
func TestOtherFilesInAnotherEncodingAreRefused(t *testing.T) {
	t.Parallel()
	for name, text := range wrongEncodings("correct horse battery staple\n") {
		path := filepath.Join(t.TempDir(), "list")
		write(t, path, text, 0o600)
		list, err := readBlocklist(path)
		if name == "UTF-8 with a byte order mark" {
			if err != nil || !list.Contains("correct horse battery staple") {
				t.Errorf("%s: got %v, the mark should be no part of the first password", name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "UTF-16") {
			t.Errorf("%s: got %v", name, err)
		}
		certFile, keyFile := writePair(t)
		for key, file := range map[string]string{"server.tls.cert_file": certFile, "server.tls.key_file": keyFile} {
			tls := TLS{CertFile: certFile, KeyFile: keyFile}
			if key == "server.tls.cert_file" {
				tls.CertFile = path
			} else {
				tls.KeyFile = path
			}
			if _, _, err := tls.certificate()(); err == nil || !strings.HasPrefix(err.Error(), key+": "+path+" ") {
				t.Errorf("%s for %s, %s: got %v", name, key, file, err)
			}
		}
	}
}
