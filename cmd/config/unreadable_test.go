package config

import (
	"path/filepath"
	"strings"
	"testing"
)

func unreadableFiles(t *testing.T) {
	for name, src := range map[string]Sources{
		"named and missing":   {File: "/nowhere/authctl.yaml"},
		"missing, by name":    {Environ: []string{"AUTHCTL_CONFIG=/nowhere/authctl.yaml"}},
		"no YAML":             from(t, "server: [port"),
		"the same key twice":  from(t, "registration: open\nregistration: closed"),
		"a list, not a table": from(t, "- server"),
		"a secret alone":      from(t, "hunter2secret"),
		"a short one":         from(t, "hunter2`"),
	} {
		src.Flags = map[string]string{}
		if _, err := Load(src); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "authctl.yaml") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func unreadableDotenv(t *testing.T) {
	for _, content := range []string{"JWT_SECRET='hunter2\n", "the secret is hunter2\n"} {
		src := from(t, "")
		write(t, filepath.Join(src.Dir, ".env"), content, 0o600)
		if _, err := Load(src); err == nil || !strings.Contains(err.Error(), ".env:1: ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got %v", content, err)
		}
	}
}
