package cmd

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
)

// serveWithoutVault is for tests that do not run in parallel, because the client of Vault
// reads the environment of the process.
func serveWithoutVault(ctx context.Context, t *testing.T, patience string, errs io.Writer) int {
	t.Helper()
	t.Setenv("VAULT_ADDR", "http://127.0.0.1:1") // where nobody listens
	t.Setenv("VAULT_TOKEN", "token")
	t.Setenv("VAULT_MAX_RETRIES", "0")
	return execute(ctx, []string{"serve", "--port", "0"}, []string{
		"AUTHCTL_LOG_FORMAT=json",
		"AUTHCTL_SERVER_ADMIN_LISTEN=127.0.0.1:0",
		"AUTHCTL_VAULT_CONNECT_TIMEOUT=" + patience,
		"DATABASE_URL=sqlite:" + t.TempDir() + "/authctl.db",
		"JWT_SECRET=vault:secret/authctl#jwt",
	}, strings.NewReader(""), io.Discard, errs)
}

func wantJSONLines(t *testing.T, text string) (last map[string]any) {
	t.Helper()
	for line := range strings.Lines(text) {
		last = nil
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Errorf("not JSON: %q", line)
		}
	}
	return last
}

func TestTheLogIsJSONWhileServeWaitsForVault(t *testing.T) {
	var errs strings.Builder
	exit := serveWithoutVault(t.Context(), t, "100ms", &errs)
	last := wantJSONLines(t, errs.String())
	if !strings.Contains(errs.String(), "Vault does not answer yet") {
		t.Errorf("nothing says what serve waits for:\n%s", errs.String())
	}
	if exit != exitUnreachable || last["exit_code"] != float64(exitUnreachable) {
		t.Errorf("exit code %d, and the log ends with %v", exit, last)
	}
}

func TestServeThatIsStoppedWhileItWaitsForVaultIsInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	errs := stopper{text: "Vault does not answer yet", stop: stop}
	exit := serveWithoutVault(ctx, t, "1m", &errs)
	last := wantJSONLines(t, errs.String())
	if exit != exitInterrupted || last["exit_code"] != float64(exitInterrupted) {
		t.Errorf("exit code %d, and the log ends with %v", exit, last)
	}
}
