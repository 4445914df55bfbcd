package cmd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestOAuthLibrariesGetTokensOfServiceAccounts runs the samples that docs/service-accounts.md prints.
// Each gets a token with a secret and shows it to /verify.
func TestOAuthLibrariesGetTokensOfServiceAccounts(t *testing.T) {
	t.Parallel()
	issuer := newIssuer(t, "AUTHCTL_JWT_ALGORITHM=EdDSA")
	issuer.start(t)
	const name = "billing"
	secret := strings.TrimSpace(issuer.process.run(t, "client", "create", name))
	sample := func(library string) string {
		text := printed(t, "service-accounts.md", "client: "+library)
		return strings.ReplaceAll(text, "https://login.example.com", issuer.url)
	}

	goes := t.TempDir()
	for _, file := range []string{"go.mod", "go.sum"} {
		put(t, filepath.Join(goes, file), readFile(t, filepath.Join(issuer.verifiers, "go", file)))
	}
	put(t, filepath.Join(goes, "main.go"), sample("x/oauth2"))
	build := exec.Command("go", "build", "-mod=mod", "-o", "client", "main.go")
	build.Dir = goes
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the sample in Go: %v: %s", err, said)
	}
	scripts := t.TempDir()
	put(t, filepath.Join(scripts, "client.mjs"), sample("oauth4webapi"))
	if err := os.Symlink(filepath.Join(issuer.verifiers, "npm", "node_modules"), filepath.Join(scripts, "node_modules")); err != nil {
		t.Fatal(err)
	}
	node := "node"
	if newer := filepath.Join(issuer.verifiers, "node", "node_modules", ".bin", "node"); exec.Command(newer, "--version").Run() == nil {
		node = newer
	}
	run := func(dir, secret string, command ...string) (string, error) {
		c := exec.Command(command[0], command[1:]...)
		c.Dir = dir
		c.Env = append(os.Environ(), "SSL_CERT_FILE="+issuer.certFile, "NODE_EXTRA_CA_CERTS="+issuer.certFile, "BILLING_SECRET="+secret)
		said, err := c.CombinedOutput()
		return string(said), err
	}
	for _, tt := range [][]string{{goes, filepath.Join(goes, "client")}, {scripts, node, "client.mjs"}} {
		if said, err := run(tt[0], secret, tt[1:]...); err != nil || !strings.HasPrefix(said, "200") || !strings.HasSuffix(said, " "+name+"\n") {
			t.Errorf("%q: %v: %s", tt[1:], err, said)
		}
		if said, err := run(tt[0], secret+"X", tt[1:]...); err == nil || !strings.Contains(said, "invalid_client") && !strings.Contains(said, "the client is unknown") && !strings.Contains(said, "401") {
			t.Errorf("%q with a wrong secret: %v: %s", tt[1:], err, said)
		}
	}
}
