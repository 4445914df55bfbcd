package cmd_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// chromium is a browser that does what .ci/apps/browser.mjs can have it do.
type chromium struct {
	lines io.Writer
	said  *bufio.Scanner
}

func newChromium(t *testing.T, s *site) *chromium {
	t.Helper()
	dir := t.TempDir()
	put(t, filepath.Join(dir, "browser.mjs"), readFile(t, filepath.Join(s.tools, "browser.mjs")))
	if err := os.Symlink(filepath.Join(s.tools, "npm", "node_modules"), filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	c := exec.Command(s.node(), "browser.mjs")
	c.Dir, c.Stderr = dir, os.Stderr
	c.Env = append(os.Environ(), "TMPDIR="+dir)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); c.Wait() })
	return &chromium{in, bufio.NewScanner(out)}
}

// do has the browser do something, and returns its answer.
func (c *chromium) do(t *testing.T, words ...any) any {
	t.Helper()
	line, err := json.Marshal(words)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.lines.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	if !c.said.Scan() {
		t.Fatalf("%s: the browser says nothing: %v", line, c.said.Err())
	}
	if strings.Contains(c.said.Text(), `{"error":`) {
		t.Fatalf("%s: %s", line, c.said.Text())
	}
	var answer any
	if err := json.Unmarshal(c.said.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

// signsIn fills in the form of a tab.
func (c *chromium) signsIn(t *testing.T, tab int, password string) {
	t.Helper()
	c.do(t, "fill", tab, "[name=username]", "alice") // when it is visible
	c.do(t, "fill", tab, "[name=password]", password)
	c.do(t, "click", tab, "form button")
}

// refreshesOnce drops the access token, and counts the refreshes of what act does.
func (c *chromium) refreshesOnce(t *testing.T, s *site, act func()) {
	t.Helper()
	c.do(t, "drop", "access_token")
	before := s.refreshes.Load()
	act()
	if n := s.refreshes.Load() - before; n != 1 {
		t.Errorf("the browser refreshed %d times, want once", n)
	}
}

func (c *chromium) hasCookies(t *testing.T, want bool) {
	t.Helper()
	names, _ := c.do(t, "cookies").([]any)
	if got := slices.Contains(names, any("refresh_token")); got != want {
		t.Errorf("the browser has the cookies %v, want a refresh token: %t", names, want)
	}
}

// TestAppInASinglePage has Chromium use the single-page app, which calls the Express sample.
func TestAppInASinglePage(t *testing.T) {
	t.Parallel()
	s := newSite(t, expressApp)
	s.signIn(t, s.visitor(t), "alice")
	c := newChromium(t, s)
	c.do(t, "open", 0, s.url+"/")
	c.signsIn(t, 0, "another password")
	c.do(t, "see", 0, "username or password is wrong")
	c.signsIn(t, 0, guestPassword)
	c.do(t, "see", 0, "Signed in as alice.")
	c.do(t, "see", 0, "pears")

	c.refreshesOnce(t, s, func() {
		c.do(t, "open", 1, s.url+"/")
		c.do(t, "see", 1, "Signed in as alice.")
	})
	c.do(t, "click", 1, "main button")
	for tab := range 2 { // the other one is told
		c.do(t, "see", tab, "Username")
	}
	c.hasCookies(t, false)

	c.signsIn(t, 0, guestPassword)
	c.do(t, "see", 0, "Signed in as alice.")
	s.authctl.run(t, "token", "revoke-all", "--everyone", "--yes")
	c.do(t, "drop", "access_token") // until it expires, the API of the sample accepts it
	c.do(t, "open", 0, s.url+"/")
	c.do(t, "see", 0, "Username")
	c.hasCookies(t, false)
}

// asksForAPassword has Chromium sign in where a server shows a form, with a status.
func asksForAPassword(t *testing.T, s *site, status float64, seen string) {
	t.Helper()
	c := newChromium(t, s)
	if got := c.do(t, "open", 0, s.url+"/"); got != status {
		t.Errorf("the form has the status %v", got)
	}
	c.signsIn(t, 0, "another password")
	c.do(t, "see", 0, "username or password is wrong")
	c.signsIn(t, 0, guestPassword)
	c.do(t, "see", 0, seen)
	c.refreshesOnce(t, s, func() {
		c.do(t, "open", 0, s.url+"/")
		c.do(t, "see", 0, seen)
	})
}
