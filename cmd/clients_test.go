package cmd_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/iotest"
)

var languages = []language{
	{name: "go", run: []string{"./driver"},
		build: [][]string{{"mkdir", "session"}, {"mv", "session.go", "session"}, {"go", "mod", "init", "example"}, {"go", "build", "-o", "driver", "."}}},
	{name: "python", run: []string{"python3", "driver.py"}},
	{name: "swift", compiler: "swiftc", run: []string{"./driver"},
		build: [][]string{{"swiftc", "-swift-version", "6", "Session.swift", "main.swift", "-o", "driver"}}},
	{name: "kotlin", compiler: "kotlinc", // with org.json in the CLASSPATH
		build: [][]string{{"kotlinc", "-cp", os.Getenv("CLASSPATH"), "Session.kt", "Driver.kt", "-include-runtime", "-d", "driver.jar"}},
		run:   []string{"java", "-cp", "driver.jar:" + os.Getenv("CLASSPATH"), "DriverKt"}},
	{name: "dart", compiler: "dart", run: []string{"dart", "run", "driver.dart"}},
}

// native is an authctl for a native client, behind a server that can fail.
type native struct {
	authctl   *process
	url       string // of the server before it
	refreshes atomic.Int64
	lose      atomic.Int64 // how many answers of /refresh get lost from now on
	halve     atomic.Int64 // how many arrive in half from then on
	away      atomic.Bool  // whether /refresh answers 503

	issued atomic.Pointer[issuedTokens] // the latest
	stored atomic.Pointer[string]       // the file in which the client stores its refresh token
	early  atomic.Int64                 // how many access tokens were used before the refresh token was stored
}

type issuedTokens struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
}

func newNative(t *testing.T) *native {
	t.Helper()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "authctl.yaml"), printed(t, "clients.md", "file: native/clients.yaml"))
	n := &native{authctl: startServe(t, dir)}
	target, err := url.Parse(n.authctl.url)
	if err != nil {
		t.Fatal(err)
	}
	forward := &httputil.ReverseProxy{
		FlushInterval: -1, // so that half an answer leaves
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(r *http.Response) error {
			if r.Request.URL.Path != "/refresh" || r.StatusCode != http.StatusOK {
				return nil
			}
			if n.lose.Add(-1) >= 0 {
				return errors.New("lost")
			}
			body, err := io.ReadAll(r.Body)
			if n.halve.Add(-1) >= 0 {
				r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), iotest.ErrReader(errors.New("cut"))))
				return err
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			var issued issuedTokens
			err = errors.Join(err, json.Unmarshal(body, &issued))
			n.issued.Store(&issued)
			return err
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/refresh" {
			n.refreshes.Add(1)
			if n.away.Load() {
				http.Error(w, "no JSON", http.StatusServiceUnavailable)
				return
			}
		}
		if issued, file := n.issued.Load(), n.stored.Load(); issued != nil && file != nil && r.Header.Get("Authorization") == "Bearer "+issued.Access {
			if stored, _ := os.ReadFile(*file); string(stored) != issued.Refresh {
				n.early.Add(1)
			}
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	n.url = front.URL
	call(t, front.Client(), "POST", n.url+"/register", `{"username":"alice","password":"`+guestPassword+`"}`, nil, http.StatusCreated)
	return n
}

// TestNativeClientSamples has the sample of each language sign in, call, refresh and sign out.
func TestNativeClientSamples(t *testing.T) {
	soak(t)
	for _, l := range languages {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(l.compiler); l.compiler != "" && err != nil {
				t.Skip(err)
			}
			testNativeClient(t, newNative(t), l)
		})
	}
}

func testNativeClient(t *testing.T, n *native, l language) {
	c := l.start(t, "native", n.url, "PASSWORD="+guestPassword)
	file := filepath.Join(c.dir, "stored")
	n.stored.Store(&file)
	profile := "get " + n.url + "/profile"
	renewed := func(what, line string, refreshes int64) {
		t.Helper()
		before, old := n.refreshes.Load(), c.stored(t)
		c.says(t, line, "200 ", `"username":"alice"`)
		if got := n.refreshes.Load() - before; got != refreshes {
			t.Errorf("%s: %d requests for /refresh, want %d", what, got, refreshes)
		}
		if c.stored(t) == old {
			t.Errorf("%s: the new refresh token is not stored", what)
		}
	}
	change := func(role string) { n.authctl.run(t, "user", "set", "alice", "--role", role) } // its access tokens expire

	c.says(t, profile, "signed out")
	c.says(t, "login nobody", "refused 401 invalid_credentials")
	c.says(t, "login alice", "ok")
	c.says(t, profile, "200 ", `"username":"alice"`)
	if got := n.refreshes.Load(); got != 0 {
		t.Errorf("%d refreshes with a good access token", got)
	}
	c.says(t, "get "+n.url+"/verify?role=admin", "403 ", "missing_role")
	change("editor")
	renewed("an expired access token", profile, 1)
	change("a")
	renewed("ten requests at once", "many "+n.url+"/profile", 1)

	change("b")
	n.lose.Store(1)
	renewed("a lost answer", profile, 2)
	change("half")
	n.halve.Store(1)
	renewed("half an answer", profile, 2)
	c = c.again(t)
	renewed("another start", profile, 1)
	change("c")
	n.away.Store(true)
	c.says(t, profile, "refused 503")
	n.away.Store(false)
	renewed("an outage that is over", profile, 1)

	n.authctl.run(t, "token", "revoke-all", "--user", "alice", "--yes")
	c.says(t, profile, "signed out")
	c.says(t, profile, "signed out")
	if got := c.stored(t); got != "" {
		t.Errorf("a dead refresh token is kept")
	}
	c.says(t, "login alice", "ok")
	c.says(t, "logout", "ok")
	c.says(t, "logout", "ok")
	c.says(t, profile, "signed out")
	if got := c.stored(t); got != "" {
		t.Errorf("a refresh token is kept after signing out")
	}
	if got := n.early.Load(); got > 0 {
		t.Errorf("%d access tokens were used before the refresh token was stored", got)
	}
	if sessions := n.authctl.run(t, "token", "list", "-o", "ids"); sessions != "" {
		t.Errorf("sessions are left: %s", sessions)
	}
}
