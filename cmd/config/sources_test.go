package config

import (
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// writePair writes a certificate and its key, and returns their files.
func writePair(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	srv := httptest.NewTLSServer(nil)
	defer srv.Close()
	key, err := x509.MarshalPKCS8PrivateKey(srv.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write(t, certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})), 0o600)
	write(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})), 0o600)
	return certFile, keyFile
}

// TestEverySettingHasAVariable sets each key with its AUTHCTL_ variable alone, except the two
// keys of TLS, which need each other.
func TestEverySettingHasAVariable(t *testing.T) {
	t.Parallel()
	secretFile := filepath.Join(t.TempDir(), "secret")
	write(t, secretFile, goodSecret, 0o600)
	urlFile := filepath.Join(t.TempDir(), "url")
	write(t, urlFile, "sqlite:other.db", 0o600)
	mailFile := filepath.Join(t.TempDir(), "mail")
	write(t, mailFile, "smtp://mail.example", 0o600)
	certFile, keyFile := writePair(t)
	beside := map[string]string{"server.tls.cert_file": "server.tls.key_file", "server.tls.key_file": "server.tls.cert_file"}
	values := map[string]string{
		"environment": "development", "database.url": "sqlite:other.db", "database.url_file": urlFile,
		"database.max_connections": "7", "database.min_connections": "1", "database.connect_timeout": "5s",
		"database.statement_timeout": "4s", "database.idle_in_transaction_timeout": "6s", "database.statement_cache": "none",
		"database.insecure": "true", "server.host": "::1", "server.port": "8123", "server.public_url": "https://login.example",
		"server.trusted_origins": "https://a.example, https://b.example", "server.cors.allowed_origins": "https://a.example,https://*.b.example", "server.trusted_proxies": "10.0.0.0/8,fd00::/8",
		"server.forwarded_header": "forwarded", "server.proxy_protocol": "true", "server.max_connections": "500", "server.max_connections_per_address": "20",
		"limits.enabled": "false", "limits.address.login": "1/2s", "limits.address.register": "100/1h", "limits.address.refresh": "7/1m burst 9", "limits.address.mail": "9/1m", "limits.address.keys": "8/1m", "limits.address.token": "3/1m", "limits.address.other": "1/1s burst 2",
		"limits.account.free_failures": "3", "limits.account.max_delay": "1h", "limits.account.free_failures_anywhere": "30", "limits.account.max_delay_anywhere": "2m",
		"limits.account.disable_password_after": "50", "limits.installation.failures": "100/1m", "server.hsts": "subdomains", "server.admin_listen": "127.0.0.1:0", "server.admin_hosts": "authctl,metrics.example", "server.admin_profiles": "true", "server.drain_delay": "2s", "server.shutdown_timeout": "3s", "jwt.secret": goodSecret, "jwt.secret_file": secretFile, "server.tls.cert_file": certFile, "server.tls.key_file": keyFile,
		"jwt.algorithm": "EdDSA", "jwt.previous_secrets": goodSecret, "jwt.previous_secrets_file": secretFile,
		"jwt.issuer": "me", "jwt.audience": "you", "jwt.client_id": "they", "jwt.typ": "JWT", "tokens.access_ttl": "5m", "tokens.refresh_ttl": "24h", "tokens.session_max_age": "200h",
		"tokens.retry_window": "0s", "tokens.claims_in_token": "false", "sessions.max_per_user": "5", "revocation.max_staleness": "1m", "cookies.secure": "true", "cookies.same_site": "strict", "cookies.domain": "example.com", "cookies.previous_domains": "login.example",
		"cookies.host_prefix": "true", "password.argon2.memory": "46MiB", "password.argon2.iterations": "2", "password.argon2.parallelism": "2", "password.argon2.implementation": "portable",
		"password.pepper": goodSecret, "password.pepper_file": secretFile, "password.previous_peppers": goodSecret, "password.previous_peppers_file": secretFile,
		"hashing.memory_budget": "1GiB", "hashing.workers": "3", "hashing.max_wait": "500ms",
		"clients": `[{"id":"cli","kind":"native"}]`, "password.min_length": "15", "password.blocklist_file": "/dev/null", "registration": "closed", "accounts.name_quarantine": "48h", "accounts.email": "off",
		"mail.url": "smtps://u:hunter2@mail.example", "mail.url_file": mailFile, "mail.from": "Example <a@b.example>", "mail.envelope_from": "bounces@b.example", "mail.hello": "login.example",
		"mail.ca_file": certFile, "mail.insecure": "true", "mail.links.verify": "https://a.example/verify", "mail.links.reset": "https://a.example/reset", "mail.templates_dir": "texts",
		"mail.notices": "new_place,account_deleted", "mail.max_per_user": "1", "mail.max_per_recipient": "2", "mail.max_per_hour": "0",
		"log.level": "warn", "log.requests": "finish", "log.format": "json",
		"vault.auth": "approle", "vault.mount": "ci", "vault.token_file": "/run/vault/token", "vault.role_id": "a", "vault.secret_id": "b", "vault.secret_id_file": secretFile,
		"vault.role": "authctl", "vault.insecure": "true", "vault.connect_timeout": "1m", "vault.refresh_interval": "10s", "vault.max_age": "1h", "config.watch": "true",
	}
	plain := mustLoad(t, from(t, ""))
	for _, key := range keys() {
		value, ok := values[key]
		if !ok {
			t.Errorf("the test has no value for %s", key)
			continue
		}
		environ := []string{variableOf(key) + "=" + value}
		if other := beside[key]; other != "" {
			environ = append(environ, variableOf(other)+"="+values[other])
		}
		cfg := mustLoad(t, from(t, "", environ...))
		if got, want := cfg.Origins[key], "env "+variableOf(key); got != want {
			t.Errorf("%s: got origin %q, want %q", key, got, want)
		}
		if reflect.DeepEqual(cfg.Settings, plain.Settings) {
			t.Errorf("%s=%s changed nothing", key, value)
		}
	}
}

func TestTheFirstSourceDecides(t *testing.T) {
	t.Parallel()
	src := from(t, "server: {port: 1, host: filehost}\nlog: {level: error}", "PORT=3")
	write(t, filepath.Join(src.Dir, ".env"), "PORT=2\nHOST=dothost\nUNRELATED=1\n", 0o600)
	want := func(port uint16, origin string) {
		t.Helper()
		cfg := mustLoad(t, src)
		if cfg.Server.Port != port || cfg.Origins["server.port"] != origin {
			t.Errorf("got %d from %s, want %d from %s", cfg.Server.Port, cfg.Origins["server.port"], port, origin)
		}
	}
	src.Flags["server.port"] = "4"
	want(4, "flag --port")
	delete(src.Flags, "server.port")
	want(3, "env PORT")
	src.Environ = []string{"PORT="} // empty is unset
	want(2, ".env PORT")
	cfg := mustLoad(t, src)
	if cfg.Server.Host != "dothost" || cfg.Log.Level != "error" || cfg.Tokens.AccessTTL != 15*time.Minute {
		t.Errorf("got %+v", cfg.Settings)
	}
	write(t, filepath.Join(src.Dir, ".env"), "AUTHCTL_SERVER_PORT=5\nPORT=2\n", 0o600)
	want(5, ".env AUTHCTL_SERVER_PORT")
	src.Environ = []string{"PORT=6"} // the environment is before .env, alias or not
	want(6, "env PORT")
	src.Environ = []string{"AUTHCTL_SERVER_PORT=7", "PORT=6"}
	want(7, "env AUTHCTL_SERVER_PORT")

	src.Dir = t.TempDir()
	src.Environ = nil
	want(8000, "default")
	src.Environ = []string{"AUTHCTL_CONFIG=" + filepath.Join(src.Dir, "named")}
	write(t, filepath.Join(src.Dir, "named"), "server:\n  port: 9\n", 0o600)
	want(9, "file "+filepath.Join(src.Dir, "named"))
}

func TestAnEmptyVariableIsUnset(t *testing.T) {
	t.Parallel()
	src := from(t, "server: {port: 1}\njwt: {secret: "+goodSecret+"}", "PORT=", "AUTHCTL_LOG_LEVEL=", "AUTHCTL_NOTHING=")
	write(t, filepath.Join(src.Dir, ".env"), "PORT=\nJWT_SECRET=\nJWT_SECRET_FILE=\"\"\nAUTHCTL_NOTHING=\n", 0o600)
	cfg := mustLoad(t, src)
	if cfg.Server.Port != 1 || cfg.JWT.Secret.Text != goodSecret || cfg.Log.Level != "info" || cfg.Origins["log.level"] != "default" {
		t.Errorf("got port %d, level %s, origins %v", cfg.Server.Port, cfg.Log.Level, cfg.Origins)
	}
}

// TestGoodValues sets one setting per case, in a file or a variable, and checks its value.
func TestGoodValues(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file, env string // env is separated by semicolons
		key       string
		want      any
	}{
		{"tokens: {access_ttl: 90s}", "", "tokens.access_ttl", 90 * time.Second},
		{"tokens: {access_ttl: 1h}", "", "tokens.access_ttl", time.Hour},
		{"tokens: {retry_window: 0s}", "", "tokens.retry_window", time.Duration(0)},
		{"", "ACCESS_TOKEN_EXPIRATION=900", "tokens.access_ttl", 15 * time.Minute},
		{"", "ACCESS_TOKEN_EXPIRATION=20m", "tokens.access_ttl", 20 * time.Minute},
		{"", "REFRESH_TOKEN_EXPIRATION=86400", "tokens.refresh_ttl", 24 * time.Hour},
		{"", "REFRESH_TOKEN_EXPIRATION=1h30m", "tokens.refresh_ttl", 90 * time.Minute},
		{"", "AUTHCTL_TOKENS_ACCESS_TTL=5m;ACCESS_TOKEN_EXPIRATION=900", "tokens.access_ttl", 5 * time.Minute},
		{"", "ACCESS_TOKEN_EXPIRATION=900;AUTHCTL_TOKENS_ACCESS_TTL=5m", "tokens.access_ttl", 5 * time.Minute},
		{"password: {argon2: {memory: 0.5GiB}}", "", "password.argon2.memory", Size(512 << 20)},
		{"password: {argon2: {memory: 65536 KiB}}", "", "password.argon2.memory", Size(64 << 20)},
		{"server: {trusted_origins: ['https://a.example:8443', 'http://localhost:3000']}", "",
			"server.trusted_origins", []string{"https://a.example:8443", "http://localhost:3000"}},
		{"", "AUTHCTL_SERVER_TRUSTED_ORIGINS= https://a.example ,,https://b.example,", "server.trusted_origins", []string{"https://a.example", "https://b.example"}},
		{"", "AUTHCTL_SERVER_TRUSTED_PROXIES=10.0.0.0/8,fd00::/8", "server.trusted_proxies",
			[]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}},
		{"hashing: {memory_budget: auto, workers: auto}", "", "hashing.memory_budget", autoSize(0)},
		{"hashing: {memory_budget: 128MiB}", "", "hashing.memory_budget", autoSize(128 << 20)},
		{"hashing: {workers: 3}", "", "hashing.workers", autoNumber(3)},
		{"", "AUTHCTL_HASHING_WORKERS=auto", "hashing.workers", autoNumber(0)},
		{"password: {previous_peppers: [" + goodSecret + ", " + goodSecret + "x]}", "", "password.previous_peppers", []SecretText{goodSecret, goodSecret + "x"}},
		{"", "AUTHCTL_PASSWORD_PREVIOUS_PEPPERS=" + goodSecret + "," + goodSecret + "x", "password.previous_peppers", []SecretText{goodSecret, goodSecret + "x"}},
		{"", "AUTHCTL_DATABASE_INSECURE=1", "database.insecure", true},
		{"cookies: {secure: true, same_site: none}", "", "cookies.secure", autoBool("true")},
		{"cookies: {secure: false}", "", "cookies.secure", autoBool("false")},
		{"cookies: {secure: 'true'}", "", "cookies.secure", autoBool("true")},
		{"cookies: {secure: auto}", "AUTHCTL_COOKIES_SECURE=true", "cookies.secure", autoBool("true")},
		{"database: {insecure: true}", "AUTHCTL_DATABASE_INSECURE=false", "database.insecure", false},
		{"Server: {PORT: 81}", "", "server.port", uint16(81)}, // keys in any case, as viper has it
		{"", "LOG_LEVEL=WARN", "log.level", "WARN"},
		{"tokens:\npassword:\n  argon2:\nlog: {level: warn}", "", "log.level", "warn"}, // sections with nothing in them
		{"server: {admin_listen: ''}", "", "server.admin_listen", ""},
		{"server: {public_url: 'http://[::1]:8000'}", "", "server.public_url", "http://[::1]:8000"},
		{"environment: development\nserver: {public_url: 'http://dev.example'}", "", "server.public_url", "http://dev.example"},
		{"", "DATABASE_URL=postgresql://u:a=b@localhost/db", "database.url", SecretText("postgresql://u:a=b@localhost/db")},
	} {
		cfg, err := Load(from(t, tt.file, strings.Split(tt.env, ";")...))
		if err != nil {
			t.Errorf("%s%s: %v", tt.file, tt.env, err)
			continue
		}
		if got := fieldsOf(&cfg.Settings)[tt.key].Interface(); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s%s: got %v, want %v", tt.file, tt.env, got, tt.want)
		}
	}
}

func TestCustomaryNames(t *testing.T) {
	t.Parallel()
	cfg := mustLoad(t, from(t, "", "DATABASE_URL=postgres://u:p@localhost/db", "JWT_SECRET="+goodSecret,
		"ACCESS_TOKEN_EXPIRATION=600", "REFRESH_TOKEN_EXPIRATION=48h", "HOST=0.0.0.0", "PORT=80", "LOG_LEVEL=debug"))
	want := mustLoad(t, from(t, "")).Settings
	want.Database.URL.Text, want.JWT.Secret.Text = "postgres://u:p@localhost/db", goodSecret
	want.Tokens.AccessTTL, want.Tokens.RefreshTTL = 10*time.Minute, 48*time.Hour
	want.Server.Host, want.Server.Port, want.Log.Level = "0.0.0.0", 80, "debug"
	if !reflect.DeepEqual(cfg.Settings, want) {
		t.Errorf("got %+v, want %+v", cfg.Settings, want)
	}
}

func TestAFileMayBeTOMLOrJSON(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"a.toml": "[server]\nport = 8123\n",
		"a.json": `{"server": {"port": 8123}}`,
	} {
		src := from(t, "")
		src.File = filepath.Join(src.Dir, name)
		write(t, src.File, content, 0o600)
		if cfg := mustLoad(t, src); cfg.Server.Port != 8123 {
			t.Errorf("%s: got port %d", name, cfg.Server.Port)
		}
	}
}

func TestNoPrintingShowsASecret(t *testing.T) {
	t.Parallel()
	cfg := mustLoad(t, from(t, "", "DATABASE_URL=postgres://u:hunter2@localhost/db?sslpassword=hunter3", "JWT_SECRET="+goodSecret,
		"AUTHCTL_PASSWORD_PEPPER="+goodSecret, "AUTHCTL_PASSWORD_PREVIOUS_PEPPERS="+goodSecret))
	inJSON, err := json.Marshal(cfg.Settings)
	if err != nil {
		t.Fatal(err)
	}
	inYAML, err := yaml.Marshal(cfg.Settings)
	if err != nil {
		t.Fatal(err)
	}
	all := []string{fmt.Sprint(cfg), string(inJSON), string(inYAML), fmt.Sprint(cfg.Show())}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		for _, value := range []any{cfg, &cfg, cfg.Settings, &cfg.JWT, cfg.JWT.Secret, &cfg.Database, cfg.Database.URL, cfg.Password, cfg.Password.PreviousPeppers} {
			all = append(all, fmt.Sprintf(verb, value))
		}
	}
	for _, printed := range all {
		if strings.Contains(printed, "hunter") || strings.Contains(printed, goodSecret[:8]) || strings.Contains(printed, hex.EncodeToString([]byte("hunter"))) {
			t.Errorf("a secret is shown in %s", printed)
		}
	}
}

func TestRedactURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"sqlite:authctl.db":                             "sqlite:authctl.db",
		"postgres://u@h/db":                             "postgres://u@h/db",
		"postgres://u:hunter2@h:5/db?a=b":               "postgres://u:redacted@h:5/db?a=b",
		"postgresql://u:hun%40ter2@h/db":                "postgresql://u:redacted@h/db",
		"postgres://u@h/db?password=hunter2":            "postgres://u@h/db?password=redacted",
		"postgres://u@h/db?sslpassword=hunter2&a=b":     "postgres://u@h/db?a=b&sslpassword=redacted",
		"postgres://u:hun%ter2@h/db":                    redacted,
		"postgres://u@h/db?password=hun%zzter2":         redacted,
		"postgres://u@h/db?password=hun#ter2":           redacted,
		"postgres://u@h/db?a=b;password=hunter2":        redacted,
		"postgres://u:12#34@h/db":                       redacted, // read as host u, port 12
		"postgres://u:12/34@h/db":                       redacted,
		"postgres://u:12?34@h/db":                       redacted,
		"postgres://u:hun@ter2/x@h/db":                  redacted,
		"mysql://u:hunter2@h/db":                        redacted,
		"host=h user=u password=hunter2":                redacted,
		"":                                              "",
		"postgres://u:p@h/db?password=a&password=hunt2": "postgres://u:redacted@h/db?password=redacted",
	} {
		if got := RedactURL(raw); got != want {
			t.Errorf("%s: got %s, want %s", raw, got, want)
		}
	}
}
