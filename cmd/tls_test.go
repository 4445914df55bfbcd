package cmd_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// issue returns a certificate for this machine's own address in PEM, its key, and a pool that
// trusts it.
func issue(t testing.TB) (certPEM, keyPEM string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: serial, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool = x509.NewCertPool()
	pool.AddCert(cert)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})), pool
}

// visitor is a browser that trusts one certificate, and uses a new connection each time.
func visitor(t testing.TB, pool *x509.CertPool) *http.Client {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: transport, Timeout: 10 * time.Second}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	oneCert, oneKey, one := issue(t)
	put(t, cert, oneCert)
	put(t, key, oneKey)
	_, port, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	p := startServe(t, dir, "AUTHCTL_SERVER_PORT="+port, "AUTHCTL_SERVER_HOST=0.0.0.0", "AUTHCTL_LOG_LEVEL=info", "AUTHCTL_LOG_FORMAT=json",
		"AUTHCTL_SERVER_TLS_CERT_FILE="+cert, "AUTHCTL_SERVER_TLS_KEY_FILE="+key, "AUTHCTL_COOKIES_HOST_PREFIX=true")
	const alice = `{"username":"alice","password":"a password for tests"}`
	browser := visitor(t, one)
	call(t, browser, "POST", p.url+"/register", alice, nil, http.StatusCreated)
	call(t, browser, "POST", p.url+"/login", alice, nil, http.StatusOK)
	call(t, browser, "POST", p.url+"/refresh", "", nil, http.StatusOK)
	req, err := http.NewRequest("POST", p.url+"/refresh", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.ProtoMajor != 2 || resp.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("got %s and HSTS %q, want HTTP/2 and some", resp.Proto, resp.Header.Get("Strict-Transport-Security"))
	}
	for _, c := range resp.Cookies() {
		if !c.Secure || !c.HttpOnly || !strings.HasPrefix(c.Name, "__Host-") {
			t.Errorf("got cookie %s", c)
		}
	}
	if len(resp.Cookies()) != 2 {
		t.Errorf("got %d cookies, want 2", len(resp.Cookies()))
	}
	call(t, http.DefaultClient, "GET", "http"+strings.TrimPrefix(p.url, "https")+"/healthz", "", nil, http.StatusBadRequest)
	for version, spoken := range map[uint16]bool{tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c, err := tls.Dial("tcp", strings.TrimPrefix(p.url, "https://"), &tls.Config{RootCAs: one, MinVersion: version, MaxVersion: version})
		if (err == nil) != spoken {
			t.Errorf("%s: got %v, want it spoken: %t", tls.VersionName(version), err, spoken)
		}
		if err == nil {
			c.Close()
		}
	}
	p.run(t, "health", "--ready")
	if strings.Contains(p.said(t), "arrive unencrypted") {
		t.Error("it warns although it speaks TLS")
	}

	// Only half of the new pair exists: the server keeps the previous certificate, and logs the
	// fault once.
	twoCert, twoKey, two := issue(t)
	put(t, cert, twoCert)
	eventually(t, func() bool {
		call(t, visitor(t, one), "GET", p.url+"/healthz", "", nil, http.StatusOK)
		return strings.Contains(p.said(t), "certificate not reloaded")
	})
	if said, exit := p.fails(t, "health"); exit != 6 || !strings.Contains(said, "another certificate") {
		t.Errorf("health against a server with another certificate: exit %d, %s", exit, said)
	}
	put(t, key, twoKey)
	eventually(t, func() bool {
		resp, err := visitor(t, two).Get(p.url + "/healthz")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil
	})
	if n := strings.Count(p.said(t), "certificate not reloaded"); n != 1 {
		t.Errorf("one fault was logged %d times", n)
	}
	p.run(t, "health")
}

// put replaces a file as a whole, as certbot and Kubernetes do.
func put(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func TestTLSThatCannotBeSpoken(t *testing.T) {
	t.Parallel()
	oneCert, oneKey, _ := issue(t)
	_, twoKey, _ := issue(t)
	for name, tt := range map[string]struct{ cert, key, want string }{
		"no key":         {oneCert, "", "server.tls.key_file: is missing"},
		"no certificate": {"", oneKey, "server.tls.cert_file: is missing"},
		"another's key":  {oneCert, twoKey, "private key does not match public key"},
		"not PEM":        {"hello", oneKey, "failed to find any PEM data in certificate input"},
		"a key of hello": {oneCert, "hello", "failed to find any PEM data in key input"},
		"two swapped":    {oneKey, oneCert, "failed to find certificate PEM data"},
		"encrypted":      {oneCert, string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("sealed")})), "failed to parse private key"},
		"a key cut off":  {oneCert, oneKey[:len(oneKey)/2], "failed to find any PEM data in key input"},
		"readable":       {oneCert, oneKey, "chmod 600 key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p := &process{binary: "authctl", dir: dir, environ: []string{"PATH=" + os.Getenv("PATH"), "AUTHCTL_ENVIRONMENT=development", "AUTHCTL_SERVER_PORT=0"}}
			for file, text := range map[string]string{"cert": tt.cert, "key": tt.key} {
				if text != "" {
					put(t, filepath.Join(dir, file), text)
					p.environ = append(p.environ, "AUTHCTL_SERVER_TLS_"+strings.ToUpper(file)+"_FILE="+file)
				}
			}
			if name == "readable" {
				if err := os.Chmod(filepath.Join(dir, "key"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if said, exit := p.fails(t, "serve"); exit != 2 || !strings.Contains(said, tt.want) {
				t.Errorf("serve: exit %d, %s", exit, said)
			}
			if said, exit := p.fails(t, "config", "check"); exit != 3 || !strings.Contains(said, tt.want) {
				t.Errorf("config check: exit %d, %s", exit, said)
			}
		})
	}
}
