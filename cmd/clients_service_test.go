package cmd_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

var services = []language{
	{name: "go", build: [][]string{{"mkdir", "service"}, {"mv", "service.go", "service"}, {"go", "build", "-o", "driver", "."}}, run: []string{"./driver"}},
	{name: "python", run: []string{"python3", "driver.py"}},
}

// TestServiceSamples has the samples of services ask for tokens, and call. That for Go needs a module, which
// .ci/apps/build fetches.
func TestServiceSamples(t *testing.T) {
	soak(t)
	for _, l := range services {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			if l.name == "go" {
				tools := os.Getenv("AUTHCTL_TEST_APPS")
				if tools == "" {
					t.Skip("there is no x/oauth2: get it with .ci/apps/build FOLDER, and set AUTHCTL_TEST_APPS")
				}
				l.build = append([][]string{{"cp", filepath.Join(tools, "go", "go.mod"), filepath.Join(tools, "go", "go.sum"), "."}}, l.build...)
			}
			authctl := startServe(t, t.TempDir())
			secret := strings.TrimSpace(authctl.run(t, "client", "create", "billing", "--role", "invoices:read"))
			var asked atomic.Int64
			front := "http://" + counting(t, authctl, "/token", &asked)
			says := func(c *driven, query, first string, rest ...string) {
				t.Helper()
				c.says(t, front+"/verify?"+query, first, rest...)
			}
			stranger := l.start(t, "service", front, "SECRET=another")
			says(stranger, "", map[string]string{"go": "error ", "python": "401 "}[l.name], "invalid_client")
			c := l.start(t, "service", front, "SECRET="+secret)
			says(c, "role=invoices:read", "200 ")
			says(c, "role=invoices:write", "403 ", "missing_role")
			if n := asked.Load(); n != 2 { // the stranger's, and its own
				t.Errorf("%d requests for tokens, want 2", n)
			}
			authctl.run(t, "client", "set", "billing", "--role", "invoices:write")
			if l.name == "go" { // x/oauth2 keeps its token
				says(c, "role=invoices:write", "401 ", "token_expired")
				c = c.again(t)
			}
			says(c, "role=invoices:write", "200 ")
			authctl.run(t, "token", "revoke-all", "--everyone", "--yes")
			c = c.again(t)
			says(c, "", "200 ")
			authctl.run(t, "client", "disable", "billing")
			c = c.again(t)
			says(c, "", map[string]string{"go": "error ", "python": "401 "}[l.name], "invalid_client")
		})
	}
}

// TestCurlSampleOfAService types the command of docs/clients.md.
func TestCurlSampleOfAService(t *testing.T) {
	soak(t)
	authctl := startServe(t, t.TempDir())
	dir := t.TempDir()
	printedFiles(t, "clients.md", "curl", dir, strings.NewReplacer("https://login.example.com", authctl.url))
	put(t, filepath.Join(dir, "billing.secret"), authctl.run(t, "client", "create", "billing"))
	c := exec.Command("sh", "token.sh")
	c.Dir = dir
	if said, err := c.CombinedOutput(); err != nil || !strings.Contains(string(said), `"token_type":"Bearer"`) {
		t.Error(fmt.Errorf("%w: %s", err, said))
	}
}
