package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// certificate returns the certificate of a server at 127.0.0.1 and example.com, and a file that
// vouches for it.
func certificate(t *testing.T) (is *tls.Config, file string) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	file = filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(file, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: s.TLS.Certificates}, file
}

// certificateFiles writes a certificate, its key, and what vouches for it.
func certificateFiles(t *testing.T, folder string) (cert, key, ca string) {
	t.Helper()
	is, ca := certificate(t)
	der, err := x509.MarshalPKCS8PrivateKey(is.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for file, block := range map[string]*pem.Block{key: {Type: "PRIVATE KEY", Bytes: der}, cert: {Type: "CERTIFICATE", Bytes: is.Certificates[0].Certificate[0]}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key, ca
}

func TestSTARTTLSIsRequiredAndTheCertificateIsChecked(t *testing.T) {
	t.Parallel()
	secured, ca := certificate(t)
	old := secured.Clone()
	old.MaxVersion = tls.VersionTLS11
	for name, c := range map[string]struct {
		offers []string
		has    *tls.Config
		host   string
		ca     string
		does   func(int, string) string
		want   Class
		step   string
	}{
		"good":                 {[]string{"STARTTLS"}, secured, "127.0.0.1", ca, always("", ""), "", ""},
		"stripped":             {nil, secured, "127.0.0.1", ca, always("", ""), ClassTLS, "EHLO"},
		"another name":         {[]string{"STARTTLS"}, secured, "localhost", ca, always("", ""), ClassTLS, stepTLS},
		"unknown authority":    {[]string{"STARTTLS"}, secured, "127.0.0.1", "", always("", ""), ClassTLS, stepTLS},
		"TLS 1.1":              {[]string{"STARTTLS"}, old, "127.0.0.1", ca, always("", ""), ClassTLS, stepTLS},
		"454 to STARTTLS":      {[]string{"STARTTLS"}, secured, "127.0.0.1", ca, always("STARTTLS", "454 not now"), ClassTLS, "STARTTLS"},
		"hangs up at STARTTLS": {[]string{"STARTTLS"}, secured, "127.0.0.1", ca, always("STARTTLS", closes), ClassClosed, "STARTTLS"},
		"the handshake fails":  {[]string{"STARTTLS"}, &tls.Config{}, "127.0.0.1", ca, always("", ""), ClassTLS, stepTLS},
		"4xx at RCPT over TLS": {[]string{"STARTTLS"}, secured, "127.0.0.1", ca, always("RCPT", "450 4.2.0 later"), ClassTemporary, "RCPT"},
	} {
		server := newScripted(t, c.does, offers(c.offers...), func(s *scripted) { s.tls = c.has })
		server.url.Host = c.host
		s, err := newSMTP(SenderConfig{URL: server.url, Hello: "login.example.com", CAFile: ca})
		if err != nil {
			t.Fatal(err)
		}
		if c.ca == "" {
			s.tls.RootCAs = nil
		}
		r := s.Send(context.Background(), sample())
		if r.Class != c.want || r.Step != c.step || r.Sent != (c.want == "") {
			t.Errorf("%s: %+v", name, r)
		}
		if got := len(server.messages()); got != 0 && c.want != "" {
			t.Errorf("%s: the server got the mail", name)
		}
		if c.want == ClassTLS && len(server.heard("MAIL")) > 0 {
			t.Errorf("%s: the server was told who the mail is from", name)
		}
	}
}

func TestImplicitTLSIsCheckedToo(t *testing.T) {
	t.Parallel()
	secured, ca := certificate(t)
	for name, c := range map[string]struct {
		host string
		want Class
	}{"good": {"127.0.0.1", ""}, "another name": {"localhost", ClassTLS}} {
		server := newScripted(t, always("", ""), offers("AUTH PLAIN LOGIN", "STARTTLS"))
		behind, err := tls.Listen("tcp", "127.0.0.1:0", secured)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { behind.Close() })
		go func() {
			if conn, err := behind.Accept(); err == nil {
				server.serve(conn)
			}
		}()
		u := URL{Scheme: SchemeSMTPS, Host: c.host, Port: behind.Addr().(*net.TCPAddr).Port, Username: "alice", Password: "sesame"}
		r := open(t, SenderConfig{URL: u, CAFile: ca})(context.Background(), sample())
		if r.Class != c.want || r.Sent != (c.want == "") {
			t.Errorf("%s: %+v", name, r)
		}
		if got := len(server.heard("AUTH PLAIN")); got != 1 && r.Sent {
			t.Errorf("%s: %q", name, server.heard(""))
		}
	}
}

func TestAPasswordIsSentAsTheServerOffers(t *testing.T) {
	t.Parallel()
	plain := "AUTH PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00alice@example.com\x00sesame"))
	for name, c := range map[string]struct {
		offers string
		does   func(int, string) string
		want   Class
		code   int
	}{
		"taken":       {"AUTH LOGIN PLAIN", always("", ""), "", 0},
		"refused":     {"AUTH PLAIN", always("AUTH", "535 5.7.8 alice is unknown"), ClassAuth, 535},
		"not now":     {"AUTH PLAIN", always("AUTH", "454 4.7.0 later"), ClassAuth, 454},
		"hangs up":    {"AUTH PLAIN", always("AUTH", closes), ClassClosed, 0},
		"none":        {"8BITMIME", always("", ""), ClassAuth, 0},
		"none we can": {"AUTH GSSAPI", always("", ""), ClassAuth, 0},
	} {
		server := newScripted(t, c.does, offers(c.offers))
		server.url.Username, server.url.Password = "alice@example.com", "sesame"
		r := open(t, SenderConfig{URL: server.url})(context.Background(), sample())
		if r.Class != c.want || r.Code != c.code || r.BadAddress || r.Sent != (c.want == "") {
			t.Errorf("%s: %+v", name, r)
		}
		if got := server.heard("AUTH"); strings.Contains(c.offers, "PLAIN") && (len(got) != 1 || got[0] != plain) {
			t.Errorf("%s: the server heard %q", name, got)
		}
	}
}

func TestASenderIsNotOpenedWithSettingsThatContradict(t *testing.T) {
	t.Parallel()
	_, ca := certificate(t)
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	far := URL{Scheme: SchemeSMTP, Host: "mail.example.com", Port: 587}
	known := far
	known.Username, known.Password = "alice", "sesame"
	for want, c := range map[string]SenderConfig{
		"mail.hello: \"vm\"":                               {URL: far, Hello: "vm"},
		"mail.hello: \"\"":                                 {URL: far, Hello: ""},
		"mail.hello: \"a.b c\"":                            {URL: far, Hello: "a.b c"},
		"mail.hello: \"[a.b]\"":                            {URL: far, Hello: "[a.b]"},
		"mail.insecure: mail.url has a password":           {URL: known, Hello: "a.b", Insecure: true},
		"mail.insecure: with mail.ca_file":                 {URL: far, Hello: "a.b", Insecure: true, CAFile: ca},
		"mail.insecure: mail.url begins with smtps://":     {URL: URL{Scheme: SchemeSMTPS, Host: "x"}, Hello: "a.b", Insecure: true},
		"mail.ca_file: open /nowhere":                      {URL: far, Hello: "a.b", CAFile: "/nowhere"},
		"mail.ca_file: " + empty + " holds no certificate": {URL: far, Hello: "a.b", CAFile: empty},
	} {
		if _, err := Open(c); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestTLSIsLeftOutOnlyOnThisMachineOrWhenTheOperatorSays(t *testing.T) {
	t.Parallel()
	_, ca := certificate(t)
	for _, c := range []struct {
		host     string
		insecure bool
		ca       string
		want     bool
	}{
		{"mail.example.com", false, "", true}, {"mail.example.com", true, "", false}, {"mail.example.com", false, ca, true},
		{"127.0.0.1", false, "", false}, {"localhost", false, "", false}, {"localhost", false, ca, true},
	} {
		s, err := newSMTP(SenderConfig{URL: URL{Scheme: SchemeSMTP, Host: c.host, Port: 587}, Hello: "a.b", Insecure: c.insecure, CAFile: c.ca})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.tls != nil; got != c.want {
			t.Errorf("%+v: TLS is %v", c, got)
		}
	}
}

func TestHelloForIsAFullNameOrAnAddress(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"login.example.com": "login.example.com", "localhost": "[127.0.0.1]", "": "[127.0.0.1]", "vm.": "[127.0.0.1]",
		"192.0.2.1": "[192.0.2.1]", "::1": "[IPv6:::1]", "[2001:db8::1]": "[IPv6:2001:db8::1]",
	} {
		got := HelloFor(host)
		if got != want || checkHello(got) != nil {
			t.Errorf("HelloFor(%q) is %q, %v", host, got, checkHello(got))
		}
	}
}
