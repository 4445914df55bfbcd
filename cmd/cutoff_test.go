package cmd_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	neturl "net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/store/storetest"
)

// cable is a TCP proxy in front of a PostgreSQL. A test can cut it, repair it, and connect it
// to another PostgreSQL.
type cable struct {
	net.Listener
	flow  sync.RWMutex // held while nothing passes
	mu    sync.Mutex
	end   [2]string // network and address of the server
	cut   bool
	conns []net.Conn
}

// newCable returns a cable to a database, and the URL of its other end.
func newCable(t *testing.T, database string) (*cable, string) {
	t.Helper()
	u, err := neturl.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{Listener: l, end: endOf(u)}
	t.Cleanup(func() { l.Close(); c.setCut(true) })
	go c.carry()
	u.Host, u.RawQuery = l.Addr().String(), "sslmode=disable"
	return c, u.String()
}

func endOf(database *neturl.URL) [2]string {
	if dir := database.Query().Get("host"); dir != "" {
		return [2]string{"unix", filepath.Join(dir, ".s.PGSQL.5432")}
	}
	return [2]string{"tcp", database.Host}
}

// lay connects new connections to another database. Existing connections stay.
func (c *cable) lay(t testing.TB, database string) {
	t.Helper()
	u, err := neturl.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end = endOf(u)
}

func (c *cable) dial() (net.Conn, error) {
	c.mu.Lock()
	end := c.end
	c.mu.Unlock()
	return net.Dial(end[0], end[1])
}

func (c *cable) carry() {
	for {
		from, err := c.Accept()
		if err != nil {
			return
		}
		to, err := c.dial()
		if err != nil {
			from.Close()
			continue
		}
		if !c.keep(from, to) {
			from.Close()
			to.Close()
			continue
		}
		for _, pair := range [][2]net.Conn{{from, to}, {to, from}} {
			go func() {
				io.Copy(pair[0], dammed{pair[1], c})
				pair[0].Close()
			}()
		}
	}
}

// dammed is a connection that can stop transmitting without breaking.
type dammed struct {
	io.Reader
	cable *cable
}

func (d dammed) Read(b []byte) (int, error) {
	n, err := d.Reader.Read(b)
	d.cable.flow.RLock()
	defer d.cable.flow.RUnlock()
	return n, err
}

func (c *cable) keep(conns ...net.Conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.cut {
		c.conns = append(c.conns, conns...)
	}
	return !c.cut
}

func (c *cable) setCut(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cut = cut
	for _, conn := range c.conns {
		conn.Close()
	}
	c.conns = nil
}

// TestACutOffNodeVouchesForNobodyAndMissesNothing: one of two servers loses its database while
// sessions are ended through the other. Its connections break, or stop transmitting.
func TestACutOffNodeVouchesForNobodyAndMissesNothing(t *testing.T) {
	t.Parallel()
	for name, turn := range map[string][2]func(*cable){
		"broken": {func(c *cable) { c.setCut(true) }, func(c *cable) { c.setCut(false) }},
		"silent": {func(c *cable) { c.flow.Lock() }, func(c *cable) { c.flow.Unlock() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cutOff(t, turn[0], turn[1])
		})
	}
}

const (
	maxStaleness    = 5 * time.Second // the least that may be set
	stalenessMargin = time.Second
)

func cutOff(t *testing.T, cut, mend func(*cable)) {
	url := storetest.Postgres(t)
	cable, throughCable := newCable(t, url)
	environ := []string{"JWT_SECRET=" + randomSecret(), "AUTHCTL_REVOCATION_MAX_STALENESS=" + maxStaleness.String()}
	far := startServe(t, t.TempDir(), append(environ, "DATABASE_URL="+throughCable)...)
	farID := strings.TrimSpace(far.run(t, "node", "list", "-o", "ids"))
	near := startServe(t, t.TempDir(), append(environ, "DATABASE_URL="+url)...)
	atFar, atNear := map[string]*client{}, map[string]*client{}
	for _, name := range []string{"alice", "bob"} {
		c := newClient(far, name)
		call(t, &c.Client, "POST", far.url+"/register", c.account(), nil, http.StatusCreated)
		c.signIn(t)
		atFar[name], atNear[name] = c, newClient(near, name)
		atNear[name].access = c.access
		c.gets(t, "/verify", http.StatusOK)
		c.gets(t, "/profile", http.StatusOK)
	}

	cut(cable)
	at := time.Now()
	wantMissing(t, near.prepare("token", "revoke-all", "--user", "alice", "--yes", "--wait", "500ms", "-o", "json"), farID)
	atNear["alice"].gets(t, "/profile", http.StatusUnauthorized)
	atNear["bob"].gets(t, "/profile", http.StatusOK)
	var watching sync.WaitGroup
	for _, c := range atFar {
		for _, path := range []string{"/verify", "/profile"} {
			watching.Go(func() { c.watchCutOff(t, path, at.Add(maxStaleness+stalenessMargin)) })
		}
	}
	watching.Wait()
	call(t, http.DefaultClient, "GET", far.url+"/readyz", "", nil, http.StatusServiceUnavailable)

	mend(cable)
	for name, want := range map[string]int{"alice": http.StatusUnauthorized, "bob": http.StatusOK} {
		for _, path := range []string{"/verify", "/profile"} {
			status := http.StatusServiceUnavailable
			until(t, "the node sees again", func() bool {
				status = atFar[name].status(t, path)
				return status != http.StatusServiceUnavailable
			})
			if status != want {
				t.Errorf("%s %s: got %d after the cable was mended, want %d", name, path, status, want)
			}
		}
	}
	confirmed(t, near, 2, "token", "revoke-all", "--everyone", "--yes", "-o", "json")
	atFar["bob"].gets(t, "/profile", http.StatusUnauthorized)
}

// TestAKeyIsBurnedWhileANodeIsCutOff does the same with a key. Tokens of the burned key end.
// The server that is cut off must not call tokens of the new key invalid, because it cannot
// know the key yet.
func TestAKeyIsBurnedWhileANodeIsCutOff(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	cable, throughCable := newCable(t, url)
	environ := []string{"JWT_SECRET=" + randomSecret(), "AUTHCTL_JWT_ALGORITHM=EdDSA", "AUTHCTL_REVOCATION_MAX_STALENESS=" + maxStaleness.String()}
	far := startServe(t, t.TempDir(), append(environ, "DATABASE_URL="+throughCable)...)
	farID := strings.TrimSpace(far.run(t, "node", "list", "-o", "ids"))
	near := startServe(t, t.TempDir(), append(environ, "DATABASE_URL="+url)...)
	old, fresh := newClient(far, "alice"), newClient(near, "alice")
	call(t, &old.Client, "POST", far.url+"/register", old.account(), nil, http.StatusCreated)
	old.signIn(t)
	old.gets(t, "/verify", http.StatusOK)

	cable.setCut(true)
	at := time.Now()
	wantMissing(t, near.prepare("key", "rotate", "--now", "--reason", "leaked", "--yes", "--wait", "500ms", "-o", "json"), farID)
	old.node = near.url
	old.gets(t, "/verify", http.StatusUnauthorized)
	old.node = far.url
	fresh.signIn(t)
	fresh.gets(t, "/verify", http.StatusOK)
	fresh.node = far.url
	fresh.gets(t, "/verify", http.StatusServiceUnavailable)
	old.watchCutOff(t, "/verify", at.Add(maxStaleness+stalenessMargin))

	cable.setCut(false)
	until(t, "the node knows the new key", func() bool { return fresh.status(t, "/verify") == http.StatusOK })
	old.gets(t, "/verify", http.StatusUnauthorized)
}

// wantMissing runs a command that the node with this id cannot confirm.
func wantMissing(t *testing.T, command *exec.Cmd, id string) {
	t.Helper()
	var said bytes.Buffer
	command.Stderr = &said
	out, err := command.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 7 {
		t.Errorf("got %v, want exit code 7: %s", err, said.String())
	}
	var result struct {
		Nodes struct {
			Total, Confirmed int
			Missing          []struct {
				NodeID string `json:"node_id"`
			}
		}
	}
	err = json.Unmarshal(out, &result)
	if n := result.Nodes; err != nil || n.Total != 2 || n.Confirmed != 1 || len(n.Missing) != 1 || n.Missing[0].NodeID != id {
		t.Errorf("got %v from %s, want 1 of 2 nodes and %s to be missing", err, out, id)
	}
	// Both nodes have the name of this machine; the message has the id as well.
	named := regexp.MustCompile(`not confirmed by \S+ \((\S+),`).FindStringSubmatch(said.String())
	if named == nil || named[1] != id {
		t.Errorf("got %q, want it to name node %s", said.String(), id)
	}
}

// watchCutOff queries a node that is cut off. It must accept no token after the deadline, nor
// after its first answer 503, and must call no token invalid.
func (c *client) watchCutOff(t *testing.T, path string, deadline time.Time) {
	admitted := false
	for {
		sent := time.Now()
		switch status := c.status(t, path); {
		case status == http.StatusServiceUnavailable:
			admitted = true
		case status != http.StatusOK:
			t.Errorf("%s %s: got %d for a fault of the node's own", c.name, path, status)
			return
		case admitted, sent.After(deadline):
			t.Errorf("%s %s: got 200 from a node that is cut off; it has said 503: %t", c.name, path, admitted)
			return
		}
		if sent.After(deadline) {
			return
		}
		time.Sleep(max(2*breath(), 10*time.Millisecond))
	}
}

func (c *client) status(t *testing.T, path string) int {
	req, err := http.NewRequest("GET", c.node+path, nil)
	if err != nil {
		t.Error(err)
		return 0
	}
	req.Header.Set("Cookie", "access_token="+c.access)
	resp, err := c.Do(req)
	if err != nil {
		t.Error(err)
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

func (c *client) gets(t *testing.T, path string, want int) {
	t.Helper()
	if status := c.status(t, path); status != want {
		t.Errorf("%s %s: got %d, want %d", c.name, path, status, want)
	}
}
