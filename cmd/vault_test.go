package cmd_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/authctl/authctl/store/storetest"
)

// vaultServer is a real Vault, with KV engines of version 1 at secret/ and 2 at kv/.
type vaultServer struct {
	Address string   `json:"address"`
	Root    string   `json:"root_token"`
	Keys    [][]byte `json:"keys"`
}

// startVault starts the Vault that .ci/vault/build has made, until the test ends.
func startVault(t *testing.T) *vaultServer {
	t.Helper()
	binary := os.Getenv("AUTHCTL_TEST_VAULT")
	if binary == "" {
		t.Skip("AUTHCTL_TEST_VAULT names no Vault; .ci/vault/build FILE makes one")
	}
	c := exec.Command(binary, "-test.run", "TestServe", "-test.timeout", "0")
	c.Env = []string{"VAULT_DEV_LISTEN=127.0.0.1:0"}
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); c.Process.Kill(); c.Wait() })
	line, err := bufio.NewReader(stdout).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, stdout)
	v := &vaultServer{}
	if err := json.Unmarshal(line, v); err != nil {
		t.Fatal(err)
	}
	v.call(t, "POST", "sys/mounts/kv", map[string]any{"type": "kv", "options": map[string]string{"version": "2"}})
	v.call(t, "PUT", "sys/policies/acl/authctl", map[string]any{"policy": `path "kv/data/authctl" { capabilities = ["read"] }
path "secret/authctl" { capabilities = ["read"] }`})
	return v
}

// call sends a request to Vault as root.
func (v *vaultServer) call(t *testing.T, method, path string, body any) map[string]any {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		req, err := http.NewRequest(method, v.Address+"/v1/"+path, bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Vault-Token", v.Root)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode >= 400 {
			if bytes.Contains(answer, []byte("upgrading")) && time.Now().Before(deadline) { // a KV engine of version 2 that is new
				continue
			}
			t.Fatalf("%s %s: got %s: %s", method, path, resp.Status, answer)
		}
		var out map[string]any
		if len(answer) > 0 {
			if err := json.Unmarshal(answer, &out); err != nil {
				t.Fatal(err)
			}
		}
		return out
	}
}

// put writes a new version of the secret, with KV version 2.
func (v *vaultServer) put(t *testing.T, data map[string]any) {
	t.Helper()
	v.call(t, "POST", "kv/data/authctl", map[string]any{"data": data})
}

// token returns a token that may read authctl's secrets.
func (v *vaultServer) token(t *testing.T, ttl string) string {
	t.Helper()
	out := v.call(t, "POST", "auth/token/create", map[string]any{"policies": []string{"authctl"}, "ttl": ttl})
	return out["auth"].(map[string]any)["client_token"].(string)
}

// appRole creates a role, and returns its id and a secret id.
func (v *vaultServer) appRole(t *testing.T, settings map[string]any) (role, secret string) {
	t.Helper()
	settings["token_policies"] = "authctl"
	v.call(t, "POST", "sys/auth/approle", map[string]any{"type": "approle"})
	v.call(t, "POST", "auth/approle/role/authctl", settings)
	id := v.call(t, "GET", "auth/approle/role/authctl/role-id", nil)["data"].(map[string]any)["role_id"].(string)
	return id, v.secretID(t)
}

// secretID makes one more secret id of the role.
func (v *vaultServer) secretID(t *testing.T) string {
	t.Helper()
	return v.call(t, "POST", "auth/approle/role/authctl/secret-id", map[string]any{})["data"].(map[string]any)["secret_id"].(string)
}

func (v *vaultServer) environ(more ...string) []string {
	return append([]string{
		"VAULT_ADDR=" + v.Address, "JWT_SECRET=vault:kv/authctl#jwt_secret", "AUTHCTL_VAULT_REFRESH_INTERVAL=1s",
	}, more...)
}

// TestASecretInVaultIsRotatedWithoutAnybodyNoticing: three servers, each with another way to
// log in, load a new version while clients send requests.
func TestASecretInVaultIsRotatedWithoutAnybodyNoticing(t *testing.T) {
	t.Parallel()
	v := startVault(t)
	v.put(t, map[string]any{"jwt_secret": randomSecret()})
	role, secretID := v.appRole(t, map[string]any{"token_ttl": "4s", "token_max_ttl": "8s"}) // renewed, and used up, meanwhile
	dir := t.TempDir()
	tokenFile, secretFile := filepath.Join(dir, "token"), filepath.Join(dir, "secret_id")
	writeSecret(t, tokenFile, v.token(t, "1h"))
	writeSecret(t, secretFile, secretID)
	database := "DATABASE_URL=" + storetest.Postgres(t)
	c := startCluster(t, 0)
	defer c.restAll()
	c.add(t, v.environ(database, "VAULT_TOKEN="+v.token(t, "1h"))...)
	c.add(t, v.environ(database, "AUTHCTL_VAULT_TOKEN_FILE="+tokenFile)...)
	c.add(t, v.environ(database, "AUTHCTL_VAULT_AUTH=approle", "AUTHCTL_VAULT_ROLE_ID="+role, "AUTHCTL_VAULT_SECRET_ID_FILE="+secretFile)...)

	rounds := 1
	if os.Getenv("AUTHCTL_TEST_SOAK") != "" {
		rounds = 8 // by which the AppRole's tokens have been used up
	}
	active := c.nodes[0].active(t)
	for range rounds {
		v.put(t, map[string]any{"jwt_secret": randomSecret()})
		until(t, "the new secret is the active key", func() bool { return c.nodes[0].active(t) != active })
		active = c.nodes[0].active(t)
		c.answered(t)
	}
	want := fmt.Sprintf("env JWT_SECRET, vault:kv/authctl#jwt_secret (version %d)", rounds+1)
	for _, node := range c.nodes {
		if shown := node.run(t, "config", "show"); !strings.Contains(shown, want) {
			t.Errorf("config show does not say %q: %s", want, shown)
		}
	}
	// A server that starts now also reads the previous version, whatever else has changed since.
	latest := v.call(t, "GET", "kv/data/authctl", nil)["data"].(map[string]any)["data"].(map[string]any)
	latest["other"] = "x"
	v.put(t, latest)
	if shown := c.nodes[0].run(t, "key", "list"); strings.Count(shown, "can sign") < 2 {
		t.Errorf("the key before cannot be opened: %s", shown)
	}
	c.replace(t, 0, v.environ(database, "VAULT_TOKEN="+v.token(t, "1h"))...)
}

// TestAVaultThatIsAway seals Vault while a server runs.
func TestAVaultThatIsAway(t *testing.T) {
	t.Parallel()
	v := startVault(t)
	v.call(t, "POST", "secret/authctl", map[string]any{"jwt_secret": randomSecret()}) // KV version 1
	environ := []string{"VAULT_ADDR=" + v.Address, "VAULT_TOKEN=" + v.token(t, "1h"), "JWT_SECRET=vault:secret/authctl#jwt_secret",
		"AUTHCTL_VAULT_REFRESH_INTERVAL=1s", "AUTHCTL_VAULT_MAX_AGE=3s", "VAULT_MAX_RETRIES=0"}
	node := startServe(t, t.TempDir(), environ...)
	alice := newClient(node, "alice")
	call(t, &alice.Client, "POST", node.url+"/register", alice.account(), nil, http.StatusCreated)
	alice.signIn(t)
	ready := func() int {
		resp, err := alice.send("GET", "/readyz", "")
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode
	}
	if got := ready(); got != http.StatusOK {
		t.Fatalf("readiness: got %d", got)
	}
	if shown := node.run(t, "config", "show"); !strings.Contains(shown, "env JWT_SECRET, vault:secret/authctl#jwt_secret\n") {
		t.Errorf("config show: %s", shown)
	}

	v.call(t, "PUT", "sys/seal", nil)
	until(t, "readiness fails", func() bool { return ready() != http.StatusOK })
	for _, path := range []string{"/profile", "/verify"} {
		alice.gets(t, path, http.StatusOK)
	}
	if resp, err := alice.send("POST", "/refresh", ""); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("refresh while Vault is away: got %v, %v", resp, err)
	}
	// Settings that are not in Vault can change meanwhile.
	writeSecret(t, filepath.Join(node.dir, "authctl.yaml"), "registration: closed")
	node.command.Process.Signal(syscall.SIGHUP)
	bob := newClient(node, "bob")
	until(t, "registration is closed", func() bool {
		resp, err := bob.send("POST", "/register", bob.account())
		return err == nil && resp.StatusCode == http.StatusForbidden
	})
	if ready() == http.StatusOK {
		t.Error("it is ready, and Vault is away")
	}
	node.environ = append(node.environ, "AUTHCTL_VAULT_CONNECT_TIMEOUT=2s")
	said, exit := node.fails(t, "key", "rotate")
	for _, want := range []string{"Vault does not answer yet, trying again for", "jwt.secret: vault:secret/authctl#jwt_secret: ", "Vault is sealed", "hint: check that Vault runs and is unsealed"} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q: %s", want, said)
		}
	}
	if exit != 6 {
		t.Errorf("got exit code %d, want 6", exit)
	}
	node.run(t, "token", "revoke-all", "--everyone", "--yes") // needs no secret
	alice.gets(t, "/profile", http.StatusUnauthorized)

	for _, key := range v.Keys {
		v.call(t, "PUT", "sys/unseal", map[string]any{"key": key})
	}
	until(t, "readiness is back", func() bool { return ready() == http.StatusOK })
	// Without versions the server itself remembers the previous value.
	alice.signIn(t)
	active := node.active(t)
	v.call(t, "POST", "secret/authctl", map[string]any{"jwt_secret": randomSecret()})
	until(t, "the new secret is the active key", func() bool { return node.active(t) != active })
	alice.gets(t, "/verify", http.StatusOK)

	// An invalid secret changes nothing, and is not a failure of Vault.
	v.call(t, "POST", "secret/authctl", map[string]any{"jwt_secret": "changeme"})
	until(t, "it is refused", func() bool { return strings.Contains(node.said(t), "jwt.secret: must have at least 32 bytes") })
	if said := node.said(t); strings.Count(said, "Vault lost") != 1 || !strings.Contains(said, "configuration not reloaded, nothing has changed") {
		t.Errorf("got %s", said)
	}
	if resp, err := alice.send("POST", "/refresh", ""); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("refresh with the secret before: got %v, %v", resp, err)
	}
}

// TestARefusalOfVaultAfterAnAbsenceIsSaid: a token expires while Vault is sealed.
func TestARefusalOfVaultAfterAnAbsenceIsSaid(t *testing.T) {
	t.Parallel()
	v := startVault(t)
	v.put(t, map[string]any{"jwt_secret": randomSecret()})
	const life = 4 * time.Second
	node := startServe(t, t.TempDir(), v.environ("VAULT_TOKEN="+v.token(t, life.String()))...)
	v.call(t, "PUT", "sys/seal", nil)
	until(t, "the absence is said", func() bool { return strings.Contains(node.said(t), "Vault is sealed") })
	time.Sleep(life)
	for _, key := range v.Keys {
		v.call(t, "PUT", "sys/unseal", map[string]any{"key": key})
	}
	until(t, "the refusal is said", func() bool { return strings.Contains(node.said(t), "the token is wrong, revoked or expired") })
}

// TestATokenOfVaultThatDiesIsReplaced revokes the tokens of servers. One logs in again, the
// others read their file again.
func TestATokenOfVaultThatDiesIsReplaced(t *testing.T) {
	t.Parallel()
	v := startVault(t)
	v.put(t, map[string]any{"jwt_secret": randomSecret()})
	role, secretID := v.appRole(t, map[string]any{"token_ttl": "1h"})
	tokenFile := filepath.Join(t.TempDir(), "token")
	first := v.token(t, "1h")
	writeSecret(t, tokenFile, first)
	idFile, inFile := filepath.Join(t.TempDir(), "secret_id"), v.secretID(t)
	writeSecret(t, idFile, inFile)
	for name, one := range map[string]struct {
		environ []string
		revoke  func()
	}{
		"approle": {[]string{"AUTHCTL_VAULT_AUTH=approle", "AUTHCTL_VAULT_ROLE_ID=" + role, "AUTHCTL_VAULT_SECRET_ID=" + secretID},
			func() { v.call(t, "PUT", "sys/leases/revoke-prefix/auth/approle", nil) }},
		"approle, file": {[]string{"AUTHCTL_VAULT_AUTH=approle", "AUTHCTL_VAULT_ROLE_ID=" + role, "AUTHCTL_VAULT_SECRET_ID_FILE=" + idFile},
			func() {
				writeSecret(t, idFile, v.secretID(t))
				v.call(t, "POST", "auth/approle/role/authctl/secret-id/destroy", map[string]any{"secret_id": inFile})
				v.call(t, "PUT", "sys/leases/revoke-prefix/auth/approle", nil)
			}},
		"token file": {[]string{"AUTHCTL_VAULT_TOKEN_FILE=" + tokenFile},
			func() {
				v.call(t, "POST", "auth/token/revoke", map[string]any{"token": first})
				writeSecret(t, tokenFile, v.token(t, "1h"))
			}},
	} {
		node := startServe(t, t.TempDir(), v.environ(one.environ...)...)
		before := node.active(t)
		one.revoke()
		v.put(t, map[string]any{"jwt_secret": randomSecret()})
		until(t, name+": the new secret is the active key", func() bool { return node.active(t) != before })
		if strings.Contains(node.said(t), first) {
			t.Errorf("%s: a token is in the log", name)
		}
	}
}

// TestALoginAtVaultIsChangedWhileServeRuns gives a server, which has all settings in its file,
// wrong credentials for Vault and then right ones.
func TestALoginAtVaultIsChangedWhileServeRuns(t *testing.T) {
	t.Parallel()
	v := startVault(t)
	secret := randomSecret()
	v.put(t, map[string]any{"jwt_secret": secret})
	role, secretID := v.appRole(t, map[string]any{"token_ttl": "1h"})
	dir := t.TempDir()
	file := filepath.Join(dir, "authctl.yaml")
	writeSecret(t, file, "jwt: {secret: "+secret+"}")
	node := startServe(t, dir, "VAULT_ADDR="+v.Address, "AUTHCTL_LOG_LEVEL=info")
	config := "jwt: {secret: 'vault:kv/authctl#jwt_secret'}\nvault: {auth: approle, role_id: " + role + ", secret_id: "
	writeSecret(t, file, config+"wrong}")
	node.command.Process.Signal(syscall.SIGHUP)
	until(t, "it is refused", func() bool { return strings.Contains(node.said(t), "log in to Vault (approle): it answers 400") })
	writeSecret(t, file, config+secretID+"}")
	node.command.Process.Signal(syscall.SIGHUP)
	until(t, "it is taken over", func() bool { return strings.Contains(node.said(t), "configuration reloaded") })
	if said := node.said(t); strings.Contains(said, secretID) || !strings.Contains(said, "vault.secret_id") {
		t.Errorf("got %s", said)
	}
}

// active returns the active key, which this command may be unable to open.
func (p *process) active(t *testing.T) string {
	t.Helper()
	var all []listedKey
	if err := json.Unmarshal([]byte(p.run(t, "key", "list", "-o", "json")), &all); err != nil {
		t.Fatal(err)
	}
	for _, k := range all {
		if k.State == "active" {
			return k.KeyID
		}
	}
	return ""
}

func TestWhatIsWrongWithVaultIsSaid(t *testing.T) {
	t.Parallel()
	v := startVault(t)
	v.put(t, map[string]any{"jwt_secret": "changeme", "number": 7})
	v.call(t, "POST", "kv/data/other", map[string]any{"data": map[string]any{"x": "y"}})
	token := "VAULT_TOKEN=" + v.token(t, "1h")
	for name, tt := range map[string]struct {
		environ []string
		want    string
		exit    int
	}{
		"no address":     {[]string{"VAULT_ADDR=", token}, "VAULT_ADDR is not set", 3},
		"no token":       {nil, "set VAULT_TOKEN or vault.token_file", 3},
		"no scheme":      {[]string{"VAULT_ADDR=127.0.0.1:8200", token}, "VAULT_ADDR cannot be used", 3},
		"no token file":  {[]string{"AUTHCTL_VAULT_TOKEN_FILE=/nowhere/token"}, "log in to Vault (token): vault.token_file: open /nowhere/token: no such file", 3},
		"a bad token":    {[]string{"VAULT_TOKEN=hvs.nonsense"}, "log in to Vault (token): it refuses (403): permission denied; invalid token; the token is wrong", 3},
		"not allowed":    {[]string{token, "JWT_SECRET=vault:kv/other#x"}, `it refuses (403): permission denied; a policy of the token must allow to read "kv/data/other"`, 3},
		"data in a path": {[]string{token, "JWT_SECRET=vault:kv/data/authctl#x"}, "was vault:kv/authctl#x meant, without data/?", 3},
		"no such path":   {[]string{"VAULT_TOKEN=" + v.Root, "JWT_SECRET=vault:kv/nothing#x"}, "there is no such secret", 3},
		"no such mount":  {[]string{"VAULT_TOKEN=" + v.Root, "JWT_SECRET=vault:nothing/there#x"}, "is nothing mounted there", 3},
		"no KV engine":   {[]string{"VAULT_TOKEN=" + v.Root, "JWT_SECRET=vault:sys/there#x"}, "is not a KV engine", 3},
		"no such field":  {[]string{token, "JWT_SECRET=vault:kv/authctl#nothing"}, `there is no field "nothing"`, 3},
		"a number":       {[]string{token, "JWT_SECRET=vault:kv/authctl#number"}, "is not a text", 3},
		"a weak secret":  {[]string{token}, "jwt.secret: ", 3},
		"no field":       {[]string{token, "JWT_SECRET=vault:kv/authctl"}, "must be vault:PATH#FIELD", 3},
		"no role":        {[]string{"AUTHCTL_VAULT_AUTH=approle"}, "needs vault.role_id and vault.secret_id", 3},
		"no such role":   {[]string{"AUTHCTL_VAULT_AUTH=approle", "AUTHCTL_VAULT_ROLE_ID=x", "AUTHCTL_VAULT_SECRET_ID=y"}, "log in to Vault (approle): it refuses (403): permission denied; are vault.role_id", 3},
		"itself":         {[]string{"AUTHCTL_VAULT_AUTH=approle", "AUTHCTL_VAULT_ROLE_ID=x", "AUTHCTL_VAULT_SECRET_ID=vault:a/b#c"}, "cannot be kept in Vault itself", 3},
		"nobody listens": {[]string{token, "VAULT_ADDR=http://127.0.0.1:1", "AUTHCTL_VAULT_CONNECT_TIMEOUT=0s"}, "no answer from Vault", 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &process{binary: "authctl", dir: t.TempDir(), environ: append([]string{"PATH=" + os.Getenv("PATH"), "AUTHCTL_ENVIRONMENT=development", "GORACE=atexit_sleep_ms=0"}, v.environ(tt.environ...)...)}
			said, exit := p.fails(t, "config", "check")
			if !strings.Contains(said, tt.want) || exit != tt.exit || strings.Contains(said, "changeme") || strings.Contains(said, "hvs.") {
				t.Errorf("got %d, %s; want %d, %q", exit, said, tt.exit, tt.want)
			}
		})
	}
}

// TestAPodLogsInAtVaultWithItsServiceAccount: Vault asks an imitation of Kubernetes about the
// token.
func TestAPodLogsInAtVaultWithItsServiceAccount(t *testing.T) {
	t.Parallel()
	v := startVault(t)
	v.put(t, map[string]any{"jwt_secret": randomSecret(), "old_secret": randomSecret()})
	// {"alg":"none"}, and the claims that Vault reads before it asks Kubernetes.
	jwt := encodeJWT(t, map[string]any{"alg": "RS256"}, map[string]any{
		"iss": "kubernetes/serviceaccount", "sub": "system:serviceaccount:shop:authctl",
		"kubernetes.io/serviceaccount/namespace": "shop", "kubernetes.io/serviceaccount/service-account.name": "authctl",
		"kubernetes.io/serviceaccount/service-account.uid": "u-1", "kubernetes.io/serviceaccount/secret.name": "authctl-token",
	})
	kubernetes := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var review struct{ Spec struct{ Token string } }
		json.NewDecoder(r.Body).Decode(&review)
		json.NewEncoder(w).Encode(map[string]any{"kind": "TokenReview", "apiVersion": "authentication.k8s.io/v1", "status": map[string]any{
			"authenticated": review.Spec.Token == jwt,
			"user":          map[string]any{"username": "system:serviceaccount:shop:authctl", "uid": "u-1", "groups": []string{"system:serviceaccounts"}},
		}})
	}))
	defer kubernetes.Close()
	v.call(t, "POST", "sys/auth/pods", map[string]any{"type": "kubernetes"})
	v.call(t, "POST", "auth/pods/config", map[string]any{"kubernetes_host": kubernetes.URL, "token_reviewer_jwt": jwt, "kubernetes_ca_cert": "", "disable_local_ca_jwt": true})
	v.call(t, "POST", "auth/pods/role/authctl", map[string]any{
		"bound_service_account_names": "authctl", "bound_service_account_namespaces": "shop", "token_policies": "authctl",
	})
	file := filepath.Join(t.TempDir(), "token")
	writeSecret(t, file, jwt)
	environ := v.environ("AUTHCTL_VAULT_AUTH=kubernetes", "AUTHCTL_VAULT_MOUNT=pods", "AUTHCTL_VAULT_ROLE=authctl", "AUTHCTL_VAULT_TOKEN_FILE="+file)
	node := startServe(t, t.TempDir(), environ...)
	node.environ = append(node.environ, "AUTHCTL_JWT_PREVIOUS_SECRETS=vault:kv/authctl#jwt_secret,vault:kv/authctl#old_secret")
	for _, want := range []string{"JWT_SECRET, vault:kv/authctl#jwt_secret (version 1)\n",
		"SECRETS, vault:kv/authctl#jwt_secret (version 1), vault:kv/authctl#old_secret (version 1)\n"} {
		if shown := node.run(t, "config", "show"); !strings.Contains(shown, want) {
			t.Errorf("config show does not say %q: %s", want, shown)
		}
	}
	node.command.Process.Signal(syscall.SIGTERM)
	<-node.ended
	writeSecret(t, file, jwt+"x")
	if said, exit := node.fails(t, "config", "check"); exit != 3 || !strings.Contains(said, "log in to Vault (kubernetes): ") {
		t.Errorf("another token: got %d, %s", exit, said)
	}
}

func encodeJWT(t *testing.T, header, claims map[string]any) string {
	t.Helper()
	var parts []string
	for _, part := range []any{header, claims} {
		text, err := json.Marshal(part)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(text))
	}
	return strings.Join(append(parts, base64.RawURLEncoding.EncodeToString([]byte("signature"))), ".")
}

// writeSecret writes a file that only its owner may read.
func writeSecret(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
