package config

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestAConfigurationFileIsOneDocument(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"log: {level: warn}\n---\nregistration: closed\n":      "has a second document (line 2), which is not read",
		"---\n---\nregistration: closed\n":                     "has a second document",
		"log: {level: warn}\n---\n":                            "has a second document",
		"log: {level: warn}\n...\n---\nregistration: closed\n": "has a second document",
		"log: {level: warn}\n...\nregistration: closed\n":      "after the end of its document",
		"log: {level: warn}\n---\n[hunter2\n":                  "after the end of its document",
	} {
		_, err := Load(from(t, text))
		if err == nil || !strings.Contains(err.Error(), "authctl.yaml "+"has ") || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got %v, want …%s…", text, err, says)
		}
	}
	for _, text := range []string{"---\nlog: {level: warn}\n", "# a comment\n---\nlog: {level: warn}\n...\n", "log: {level: warn}\n...\n# a comment\n", "\ufefflog: {level: warn}\n"} {
		if cfg := mustLoad(t, from(t, text)); cfg.Log.Level != "warn" {
			t.Errorf("%q: got %s", text, cfg.Log.Level)
		}
	}
	for _, text := range []string{"# nothing\n", "---\n", "\n"} {
		mustLoad(t, from(t, text))
	}
}

func TestAKeyThatAFileHasTwiceIsRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, says string }{
		{"a.yaml", "server: {port: 1}\nServer: {port: 2}\n", "server: is given twice"},
		{"a.yaml", "server: {port: 1, PORT: 2}\n", "server.port: is given twice"},
		{"a.yaml", "server: {port: 1}\nserver.port: 2\n", "server.port: is given twice"},
		{"a.yaml", "log: {level: warn}\nlog: {format: json}\n", "already defined"},
		{"a.yml", "server: {port: 1, Port: 2}\n", "server.port: is given twice"},
		{"plain", "server: {port: 1, Port: 2}\n", "server.port: is given twice"},
		{"a.json", `{"server": {"port": 1, "port": 2}}`, "has server.port twice: remove one"},
		{"a.json", `{"server": {"port": 1}, "server": {"host": "::1"}}`, "has server twice: remove one"},
		{"a.json", `{"server": {"port": 1}, "SERVER": {"host": "::1"}}`, "server: is given twice"},
		{"a.json", `{"server": {"port": 1}} {"server": {"port": 2}}`, "a.json"},
		{"a.toml", "[server]\nport = 1\nPort = 2\n", "server.port: is given twice"},
		{"a.toml", "[server]\nport = 1\n[server]\nport = 2\n", "a.toml"},
		{"a.toml", "'server.port' = 1\n[server]\nport = 2\n", "server.port: is given twice"},
	} {
		src := from(t, "")
		src.File = filepath.Join(src.Dir, tt.name)
		write(t, src.File, tt.text, 0o600)
		if _, err := Load(src); err == nil || !strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), tt.name) {
			t.Errorf("%s: %q: got %v, want …%s…", tt.name, tt.text, err, tt.says)
		}
	}
}
