// Package devserver is a real Vault for tests: in memory, unsealed, with KV engines of both
// versions, AppRole, and Kubernetes as ways to log in. build.sh makes a program of it, because
// Vault is much too large to be a dependency of authctl.
package devserver

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"testing"

	kubernetes "github.com/hashicorp/vault-plugin-auth-kubernetes"
	"github.com/hashicorp/vault/builtin/credential/approle"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/vault"
)

// TestServe serves at VAULT_DEV_LISTEN until standard input ends. It prints its root
// token and the key that unseals it first, as one line of JSON.
func TestServe(t *testing.T) {
	core, keys, root := vault.TestCoreUnsealedWithConfig(t, &vault.CoreConfig{
		CredentialBackends: map[string]logical.Factory{"approle": approle.Factory, "kubernetes": kubernetes.Factory},
	})
	listener, err := net.Listen("tcp", os.Getenv("VAULT_DEV_LISTEN"))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	address := "http://" + listener.Addr().String()
	vaulthttp.TestServerWithListener(t, listener, address, core)
	said, err := json.Marshal(map[string]any{"address": address, "root_token": root, "keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout.Write(append(said, '\n'))
	io.Copy(io.Discard, os.Stdin)
}
