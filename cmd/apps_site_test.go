package cmd_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// site is an application behind a proxy, beside an authctl, all as docs/apps.md prints them.
type site struct {
	authctl   *process
	url       string // of the proxy
	addr      string // of the application
	dir       string // of the application
	tools     string // the folder that .ci/apps/build has made
	secret    string
	refreshes atomic.Int64 // that reached authctl
}

// sample is an application of docs/apps.md.
type sample struct {
	name     string // the folder of its files
	front    proxy
	conf     string                                // the file of the proxy's configuration
	at       string                                // the address of the application there
	settings string                                // the file of further settings of authctl; "" for none
	dir      string                                // the folder of the tools that it runs in; "" for a new one
	leftOut  string                                // a directive of the proxy's configuration that is not for it; "" for none
	run      func(t *testing.T, s *site) *exec.Cmd // what starts it, in its folder
}

const clientAddr = "127.0.0.5" // the users' address, which is not the proxy's

// newSite starts a sample, its proxy and authctl, on SQLite: the database makes no difference to a token.
func newSite(t *testing.T, app sample) *site {
	t.Helper()
	tools := os.Getenv("AUTHCTL_TEST_APPS")
	if tools == "" {
		t.Skip("there are no frameworks: install them with .ci/apps/build FOLDER, and set AUTHCTL_TEST_APPS")
	}
	binary, err := app.front.find()
	if err != nil {
		t.Fatal(err)
	}
	s := &site{tools: tools, dir: t.TempDir(), addr: freeAddress(t), secret: randomSecret()}
	if app.dir != "" {
		s.dir = filepath.Join(tools, app.dir)
	}
	front := freeAddress(t)
	s.url = "http://" + front

	home := t.TempDir()
	settings := printed(t, "apps.md", "file: origin/authctl.yaml")
	if app.settings != "" {
		settings += printed(t, "apps.md", "file: "+app.settings)
	}
	put(t, filepath.Join(home, "authctl.yaml"), strings.ReplaceAll(settings, "https://example.com", s.url))
	s.authctl = startServe(t, home, "JWT_SECRET="+s.secret)
	names := strings.NewReplacer("https://example.com", s.url, "127.0.0.1:8000", counting(t, s.authctl, "/refresh", &s.refreshes),
		app.at, s.addr, "listen(3000", "listen("+s.addr[strings.LastIndexByte(s.addr, ':')+1:], "/srv/app", s.dir)
	conf := names.Replace(printed(t, "apps.md", "file: "+app.conf))
	if app.leftOut != "" && !strings.Contains(conf, app.leftOut) {
		t.Fatalf("%s has no %s", app.conf, app.leftOut)
	}
	app.front.startAt(t, binary, t.TempDir(), strings.ReplaceAll(conf, app.leftOut, ""), front)
	printedFiles(t, "apps.md", app.name, s.dir, names)
	s.start(t, app)
	return s
}

// counting starts a server before authctl that counts the requests for a path, and returns its address.
func counting(t *testing.T, authctl *process, path string, n *atomic.Int64) string {
	t.Helper()
	target, err := url.Parse(authctl.url)
	if err != nil {
		t.Fatal(err)
	}
	forward := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		if r.In.URL.Path == path {
			n.Add(1)
		}
		r.SetURL(target)
		r.Out.Host = r.In.Host
		for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto"} {
			r.Out.Header[name] = r.In.Header[name]
		}
	}})
	t.Cleanup(forward.Close)
	return strings.TrimPrefix(forward.URL, "http://")
}

// start runs the sample until the test ends, and returns when it listens.
func (s *site) start(t *testing.T, app sample) {
	t.Helper()
	c := app.run(t, s)
	c.Dir = s.dir
	c.Env = append(os.Environ(), "NEXT_TELEMETRY_DISABLED=1")
	var said strings.Builder
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { c.Wait(); close(ended) }()
	t.Cleanup(func() {
		c.Process.Signal(os.Interrupt)
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			c.Process.Kill()
			<-ended
		}
		if t.Failed() {
			t.Logf("%s said: %s", app.name, said.String())
		}
	})
	until(t, app.name+" listens", func() bool {
		select {
		case <-ended:
			t.Fatalf("%s ended: %s", app.name, said.String())
		default:
		}
		conn, err := net.Dial("tcp", s.addr)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// node returns the path of the Node that .ci/apps/build has brought, or the name of the machine's.
func (s *site) node() string {
	brought := filepath.Join(s.tools, "node", "node_modules", ".bin", "node")
	if exec.Command(brought, "--version").Run() == nil {
		return brought
	}
	return "node"
}

// visitor is a browser without cookies, which follows no redirect.
func (s *site) visitor(t *testing.T) *http.Client {
	t.Helper()
	jar, _ := cookiejar.New(nil) // never fails
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(clientAddr)}}
	transport := &http.Transport{DialContext: dialer.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Jar: jar, Transport: transport, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// signIn registers a user and signs the client in. authctl must know the client's address from the proxy.
func (s *site) signIn(t *testing.T, c *http.Client, username string) {
	t.Helper()
	account := fmt.Sprintf(`{"username":%q,"password":%q}`, username, guestPassword)
	if !strings.Contains(s.authctl.run(t, "user", "list", "-o", "json"), username) {
		call(t, c, "POST", s.url+"/register", account, nil, http.StatusCreated)
	}
	call(t, c, "POST", s.url+"/login", account, nil, http.StatusOK)
	if sessions := call(t, c, "GET", s.url+"/sessions", "", nil, http.StatusOK); !strings.Contains(sessions, `"remote_addr":"`+clientAddr+`"`) {
		t.Errorf("authctl does not know the client's address: %s", sessions)
	}
}

// serviceToken makes a service account, and returns an access token of it.
func (s *site) serviceToken(t *testing.T, name string) string {
	t.Helper()
	secret := strings.TrimSpace(s.authctl.run(t, "client", "create", name))
	resp, err := http.PostForm(s.url+"/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {name}, "client_secret": {secret}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.AccessToken == "" {
		t.Fatalf("/token answered %s: %v", resp.Status, err)
	}
	return answer.AccessToken
}

// cookie returns the value of a cookie of the client.
func (s *site) cookie(t *testing.T, c *http.Client, name string) string {
	t.Helper()
	at, _ := url.Parse(s.url)
	for _, got := range c.Jar.Cookies(at) {
		if got.Name == name {
			return got.Value
		}
	}
	return ""
}

// drop deletes a cookie of the client, as a browser does when it has expired.
func (s *site) drop(c *http.Client, name string) {
	at, _ := url.Parse(s.url)
	c.Jar.SetCookies(at, []*http.Cookie{{Name: name, Path: "/", MaxAge: -1}})
}

// link makes a folder of the tools one of the sample's.
func (s *site) link(t *testing.T, tool, name string) {
	t.Helper()
	if err := os.Symlink(filepath.Join(s.tools, tool), filepath.Join(s.dir, name)); err != nil {
		t.Fatal(err)
	}
}

// build runs a program that compiles the sample.
func (s *site) build(t *testing.T, name string, args ...string) {
	t.Helper()
	c := exec.Command(name, args...)
	c.Dir, c.Env = s.dir, append(os.Environ(), "NEXT_TELEMETRY_DISABLED=1")
	if said, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", c, err, said)
	}
}
