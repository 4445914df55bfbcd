package cmd_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestNginxForwardAuth runs the nginx configuration of docs/forward-auth.md in front of
// a backend that says which headers reached it.
func TestNginxForwardAuth(t *testing.T) {
	t.Parallel()
	binary, err := findNginx()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	var reached atomic.Int64
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reached.Add(1)
		json.NewEncoder(w).Encode(r.Header)
	}))
	defer backend.Close()
	dir := t.TempDir()
	authctl := startServe(t, dir)
	site := startNginx(t, binary, dir, map[string]string{
		"127.0.0.1:8000": strings.TrimPrefix(authctl.url, "http://"),
		"127.0.0.1:9999": strings.TrimPrefix(backend.URL, "http://"),
	})
	jar, _ := cookiejar.New(nil) // never fails
	client, stranger := &http.Client{Jar: jar}, &http.Client{}

	const account = `{"username":"Zoë","password":"a password for scripts"}`
	call(t, client, "POST", site+"/register", account, nil, http.StatusCreated)
	call(t, client, "POST", site+"/login", account, nil, http.StatusOK)
	userID, sessionID := whoIs(t, client, site)
	forged := http.Header{
		"X-Auth-User-Id": {"root", "admin"}, "x-auth-username": {"root"}, "X-Auth-Session-Id": {"root"},
		"X_Auth_User_Id": {"root"}, "X_auth_username": {"root"}, "X-Auth_User-Id": {"root"}, "X.Auth.User.Id": {"root"}, "X!Auth!User!Id": {"root"},
		"Connection": {"X-Auth-User-Id, X-Auth-Username"},
	}
	for _, method := range []string{"GET", "POST", "DELETE"} {
		seen := call(t, client, method, site+"/any/path", "a body", forged, http.StatusOK)
		if strings.Contains(seen, "root") || strings.Contains(seen, "admin") {
			t.Errorf("%s: forged headers reached the backend: %s", method, seen)
		}
		var header http.Header
		if err := json.Unmarshal([]byte(seen), &header); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"X-Auth-Username": "Zo%C3%AB", "X-Auth-User-Id": userID, "X-Auth-Session-Id": sessionID} {
			if got := header.Values(name); !slices.Equal(got, []string{want}) {
				t.Errorf("%s: the backend got the %s %q, want %q", method, name, got, want)
			}
		}
	}
	passed := reached.Load()
	for _, header := range []http.Header{nil, forged, {"Authorization": {"Bearer x"}}, {"Cookie": {"access_token=x"}}} {
		call(t, stranger, "GET", site+"/", "", header, http.StatusUnauthorized)
	}
	if challenges := answerHeader(t, stranger, site).Values("WWW-Authenticate"); len(challenges) != 1 {
		t.Errorf("got the challenges %q, want one", challenges)
	}
	authctl.run(t, "token", "revoke-all", "--everyone", "--yes")
	call(t, client, "GET", site+"/", "", forged, http.StatusUnauthorized)
	if n := reached.Load(); n != passed {
		t.Errorf("%d requests reached the backend that must not", n-passed)
	}
	call(t, client, "POST", site+"/login", account, nil, http.StatusOK)
	call(t, client, "GET", site+"/", "", nil, http.StatusOK)
	passed = reached.Load()
	authctl.kill(t)
	call(t, client, "GET", site+"/", "", forged, http.StatusServiceUnavailable)
	if answerHeader(t, client, site).Get("Retry-After") == "" {
		t.Error("a 503 has no Retry-After")
	}
	if n := reached.Load(); n != passed {
		t.Errorf("%d requests reached the backend without authctl", n-passed)
	}
}

// whoIs asks authctl, through the proxy, for the user and the session of a client.
func whoIs(t *testing.T, c *http.Client, site string) (userID, sessionID string) {
	t.Helper()
	for path, id := range map[string]*string{"/profile": &userID, "/sessions": &sessionID} {
		var answer struct {
			ID       string `json:"id"`
			Sessions []struct {
				ID string `json:"session_id"`
			} `json:"sessions"`
		}
		body := call(t, c, "GET", site+path, "", nil, http.StatusOK)
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatal(err)
		}
		*id = answer.ID
		if len(answer.Sessions) == 1 {
			*id = answer.Sessions[0].ID
		}
		if len(*id) != 36 {
			t.Fatalf("%s: got %s", path, body)
		}
	}
	return userID, sessionID
}

// answerHeader returns the header of the answer to a request for the site's root.
func answerHeader(t *testing.T, c *http.Client, site string) http.Header {
	t.Helper()
	resp, err := c.Get(site + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.Header
}

func findNginx() (string, error) {
	if path, err := exec.LookPath("nginx"); err == nil {
		return path, nil
	}
	if _, err := os.Stat("/usr/sbin/nginx"); err == nil {
		return "/usr/sbin/nginx", nil
	}
	return "", fmt.Errorf("there is no nginx: apt-get install nginx-light")
}

// startNginx runs the documented server block until the test ends, and returns its URL.
func startNginx(t *testing.T, binary, dir string, replace map[string]string) string {
	t.Helper()
	_, block, found := strings.Cut(readFile(t, filepath.Join("..", "docs", "forward-auth.md")), "<!-- nginx -->\n```nginx\n")
	if !found {
		t.Fatal("docs/forward-auth.md has no block after <!-- nginx -->")
	}
	block, _, _ = strings.Cut(block, "```")
	address := freeAddress(t)
	block = strings.Replace(block, "listen 8080;", "listen "+address+";", 1)
	for from, to := range replace {
		if !strings.Contains(block, from) {
			t.Fatalf("the block lacks %s", from)
		}
		block = strings.ReplaceAll(block, from, to)
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;"
	}
	conf := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`%s daemon off; pid %s/nginx.pid; error_log stderr warn; worker_processes 1;
events {}
http { access_log off; client_body_temp_path %[2]s/b; proxy_temp_path %[2]s/p; fastcgi_temp_path %[2]s/f; uwsgi_temp_path %[2]s/u; scgi_temp_path %[2]s/s;
%[3]s
}
`, user, dir, block)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	nginx := exec.Command(binary, "-c", conf, "-p", dir)
	var said strings.Builder
	nginx.Stderr = &said
	if err := nginx.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { nginx.Wait(); close(ended) }()
	t.Cleanup(func() {
		nginx.Process.Signal(os.Interrupt)
		<-ended
		if t.Failed() {
			t.Logf("nginx said: %s", said.String())
		}
	})
	until(t, "nginx listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return "http://" + address
}

// freeAddress returns an address on which nobody listens just now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// until waits for what is looked at a hundred times a second.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for began := time.Now(); !holds(); {
		if time.Since(began) > 30*time.Second {
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
