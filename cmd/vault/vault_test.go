package vault

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestReferences(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Reference{
		"vault:secret/authctl#jwt_secret": {"secret/authctl", "jwt_secret"},
		"vault:/a/b/c/#x":                 {"a/b/c", "x"},
		"vault:a/b#c#d":                   {"a/b", "c#d"},
	} {
		if got, err := ParseReference(text); err != nil || got != want || !IsReference(text) {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"vault:", "vault:a/b", "vault:#x", "vault:a#x", "vault:a/b#", "vault://#"} {
		if got, err := ParseReference(text); err == nil || !strings.Contains(err.Error(), "vault:PATH#FIELD") {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	data := map[string]any{"plain": "x", "file": "x\n", "windows": "x\r\n", "two": "x\n\n", "return": "x\r", "break": "\n", "empty": "", "number": 7}
	for name, want := range map[string]string{"plain": "x", "file": "x", "windows": "x", "two": "x\n", "return": "x\r"} {
		got, cut, err := field(data, name)
		if err != nil || got != want || cut != (got != data[name]) {
			t.Errorf("%s: got %q, cut %t, %v, want %q", name, got, cut, err, want)
		}
	}
	for _, name := range []string{"break", "empty", "number", "nothing"} {
		if got, _, err := field(data, name); err == nil {
			t.Errorf("%s: got %q", name, got)
		}
	}
}

// TestAServerThatFailsIsToldFromOneThatRefuses queries servers that are not Vault.
func TestAServerThatFailsIsToldFromOneThatRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		away   bool
	}{
		"503": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"errors":["Vault is sealed"]}`, http.StatusServiceUnavailable)
		}, true},
		"500": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `<html>secret text`, http.StatusInternalServerError)
		}, true},
		"429":      {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }, true},
		"cut off":  {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, true},
		"too late": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, true},
		"400": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"errors":["no"]}`, http.StatusBadRequest)
		}, false},
		"403": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"errors":["permission denied"]}`, http.StatusForbidden)
		}, false},
		"no JSON": {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) }, false},
		"nothing": {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("{}")) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(tt.answer)
			defer server.Close()
			t.Setenv("VAULT_ADDR", server.URL)
			t.Setenv("VAULT_TOKEN", "hvs.secret")
			t.Setenv("VAULT_MAX_RETRIES", "0")
			patience := time.Minute
			if name == "too late" {
				patience = 200 * time.Millisecond
			}
			c, err := New(Config{Auth: AuthToken})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			_, err = c.Read(ctx, Reference{"kv/authctl", "x"}, Newest)
			if err == nil || errors.Is(err, ErrAway) != tt.away || strings.Contains(err.Error(), "secret text") || strings.Contains(err.Error(), "hvs.") {
				t.Errorf("got %v, want it to be away: %t", err, tt.away)
			}
		})
	}
}

// TestASecretIDThatWasRefusedIsLeftAlone counts the logins, because Vault would lock the role
// out.
func TestASecretIDThatWasRefusedIsLeftAlone(t *testing.T) {
	logins, answer := 0, http.StatusBadRequest
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		logins++
		http.Error(w, `{"errors":["invalid role or secret ID"]}`, answer)
	}))
	defer server.Close()
	t.Setenv("VAULT_ADDR", server.URL)
	t.Setenv("VAULT_MAX_RETRIES", "0")
	secretID := "first"
	c, err := New(Config{Auth: AuthAppRole, RoleID: "r", SecretID: func() (string, error) { return secretID, nil }})
	if err != nil {
		t.Fatal(err)
	}
	try := func(want int, why string) {
		t.Helper()
		for range 3 {
			if _, err := c.Renew(t.Context()); err == nil || strings.Contains(err.Error(), secretID) {
				t.Errorf("%s: got %v", why, err)
			}
		}
		if logins != want {
			t.Errorf("%s: got %d logins, want %d", why, logins, want)
		}
	}
	try(1, "refused")
	secretID = "second"
	try(2, "another one, refused")
	c.refusedAt = c.refusedAt.Add(-refusedPause)
	try(3, "some minutes later")
	secretID, answer = "third", http.StatusServiceUnavailable
	try(6, "Vault is sealed, which is no refusal")
}

func TestSecretsGoOverAPrivateWayOnly(t *testing.T) {
	for _, tt := range []struct {
		address, variable string
		says              string // "" when it is taken
	}{
		{"http://vault.example:8200", "", "plain HTTP to another machine"},
		{"http://192.0.2.1:8200", "", "plain HTTP to another machine"},
		{"http://[2001:db8::1]:8200", "", "plain HTTP to another machine"},
		{"http://localhost.example:8200", "", "plain HTTP to another machine"},
		{"http://0.0.0.0:8200", "", "plain HTTP to another machine"},
		{"https://vault.example:8200", "VAULT_SKIP_VERIFY=true", "VAULT_SKIP_VERIFY"},
		{"https://127.0.0.1:8200", "VAULT_SKIP_VERIFY=1", "VAULT_SKIP_VERIFY"},
		{"https://vault.example:8200", "VAULT_AGENT_ADDR=http://vault.example:8100", "plain HTTP to another machine"},
		{"https://vault.example:8200", "", ""},
		{"https://vault.example:8200", "VAULT_SKIP_VERIFY=false", ""},
		{"http://vault.example:8200", "VAULT_AGENT_ADDR=http://127.0.0.1:8100", ""},
		{"http://localhost:8200", "", ""},
		{"http://127.0.0.2:8200", "", ""},
		{"http://[::1]:8200", "", ""},
		{"unix:///run/vault.sock", "", ""},
	} {
		t.Run(tt.address+" "+tt.variable, func(t *testing.T) {
			t.Setenv("VAULT_ADDR", tt.address)
			t.Setenv("VAULT_TOKEN", "hvs.secret")
			if name, value, set := strings.Cut(tt.variable, "="); set {
				t.Setenv(name, value)
			}
			_, err := New(Config{Auth: AuthToken})
			if (err == nil) != (tt.says == "") || err != nil && (!strings.Contains(err.Error(), tt.says) || !strings.Contains(err.Error(), "vault.insecure")) {
				t.Errorf("got %v, want …%s…", err, tt.says)
			}
			if _, err := New(Config{Auth: AuthToken, Insecure: true}); err != nil {
				t.Errorf("insecure: got %v", err)
			}
		})
	}
}

// TestATokenGoesNowhereInClear: a Vault on this machine redirects to another, and a proxy is
// in between. Neither name is ever resolved.
func TestATokenGoesNowhereInClear(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://vault.example:8200"+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	defer server.Close()
	t.Setenv("VAULT_ADDR", server.URL)
	t.Setenv("VAULT_TOKEN", "hvs.secret")
	for _, proxy := range []string{"", "http://proxy.example:3128"} {
		t.Setenv("VAULT_PROXY_ADDR", proxy)
		c, err := New(Config{Auth: AuthToken})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Read(t.Context(), Reference{"kv/authctl", "x"}, Newest)
		if err == nil || !strings.Contains(err.Error(), "plain HTTP to another machine") || errors.Is(err, ErrAway) {
			t.Errorf("proxy %q: got %v", proxy, err)
		}
	}
}
