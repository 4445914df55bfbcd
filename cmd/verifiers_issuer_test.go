package cmd_test

import (
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// issuer is a server with HTTPS, of which verifiers know the URL alone.
type issuer struct {
	process   *process
	url       string
	client    *http.Client
	certFile  string
	verifiers string // the folder that .ci/verifiers/build has made
}

// newIssuer prepares a server on SQLite: the database makes no difference to a token.
func newIssuer(t *testing.T, environ ...string) *issuer {
	t.Helper()
	folder := os.Getenv("AUTHCTL_TEST_VERIFIERS")
	if folder == "" {
		t.Skip("there are no verifiers: make them with .ci/verifiers/build FOLDER, and set AUTHCTL_TEST_VERIFIERS")
	}
	dir := t.TempDir()
	cert, key, pool := issue(t)
	i := &issuer{client: visitor(t, pool), certFile: filepath.Join(dir, "tls.crt"), verifiers: folder}
	put(t, i.certFile, cert)
	put(t, filepath.Join(dir, "tls.key"), key)
	_, port, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	i.url = "https://localhost:" + port
	i.process = newProcess("authctl", dir, append([]string{
		"AUTHCTL_SERVER_PORT=" + port, "AUTHCTL_SERVER_PUBLIC_URL=" + i.url, "AUTHCTL_JWT_ISSUER=" + i.url,
		"AUTHCTL_SERVER_TLS_CERT_FILE=" + i.certFile, "AUTHCTL_SERVER_TLS_KEY_FILE=" + filepath.Join(dir, "tls.key"),
	}, environ...)...)
	return i
}

func (i *issuer) start(t *testing.T) {
	t.Helper()
	i.process.start(t)
}

// token returns the access token of a new session.
func (i *issuer) token(t *testing.T) string {
	t.Helper()
	const account = `{"username":"alice","password":"a password for scripts"}`
	at, err := url.Parse(i.url)
	if err != nil {
		t.Fatal(err)
	}
	if len(i.client.Jar.Cookies(at)) == 0 {
		call(t, i.client, "POST", i.url+"/register", account, nil, http.StatusCreated)
	}
	call(t, i.client, "POST", i.url+"/login", account, nil, http.StatusOK)
	for _, c := range i.client.Jar.Cookies(at) {
		if c.Name == "access_token" {
			return c.Value
		}
	}
	t.Fatal("there is no access token")
	return ""
}

// sample returns the sample of a verifier as docs/keys.md prints it, with the test's names in place of the
// printed ones.
func (i *issuer) sample(t *testing.T, name, algorithm, audience string) string {
	t.Helper()
	block := printed(t, "keys.md", "verifier: "+name)
	const example = "https://login.example.com"
	if !strings.Contains(block, example) {
		t.Fatalf("the sample of %s does not name %s", name, example)
	}
	if audience != "" { // the audience is the issuer unless another is set
		before := block
		block = regexp.MustCompile(`(?m)(audience = issuer|AUDIENCE = ISSUER|, "`+example+`")(.*or jwt.audience)`).ReplaceAllStringFunc(block, func(s string) string {
			return strings.NewReplacer("= issuer", "= '"+audience+"'", "= ISSUER", `= "`+audience+`"`, `"`+example+`"`, `"`+audience+`"`).Replace(s)
		})
		if block == before {
			t.Fatalf("the sample of %s does not say where jwt.audience goes", name)
		}
	}
	return strings.NewReplacer(example, i.url, "ES256", algorithm).Replace(block)
}

// forgedEnd changes a character in the middle of the signature.
func forgedEnd(token string) string {
	at := strings.LastIndexByte(token, '.') + 20
	c := "A"
	if token[at] == 'A' {
		c = "B"
	}
	return token[:at] + c + token[at+1:]
}
