package cmd_test

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	neturl "net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/authctl/authctl/store/storetest"
)

// cable is a TCP way to a PostgreSQL, which can be cut and mended.
type cable struct {
	net.Listener
	to    func() (net.Conn, error)
	mu    sync.Mutex
	cut   bool
	conns []net.Conn
}

// newCable lays a cable to a database, and returns the URL of its other end.
func newCable(t *testing.T, database string) (*cable, string) {
	t.Helper()
	u, err := neturl.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	network, address := "tcp", u.Host
	if dir := u.Query().Get("host"); dir != "" {
		network, address = "unix", filepath.Join(dir, ".s.PGSQL.5432")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{Listener: l, to: func() (net.Conn, error) { return net.Dial(network, address) }}
	t.Cleanup(func() { l.Close(); c.setCut(true) })
	go c.carry()
	u.Host, u.RawQuery = l.Addr().String(), "sslmode=disable"
	return c, u.String()
}

func (c *cable) carry() {
	for {
		from, err := c.Accept()
		if err != nil {
			return
		}
		to, err := c.to()
		if err != nil || !c.keep(from, to) {
			from.Close()
			continue
		}
		for _, pair := range [][2]net.Conn{{from, to}, {to, from}} {
			go func() {
				io.Copy(pair[0], pair[1])
				pair[0].Close()
			}()
		}
	}
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

// TestACutOffNodeVouchesForNobodyAndMissesNothing has two servers, one of which loses
// its database while sessions are ended through the other.
func TestACutOffNodeVouchesForNobodyAndMissesNothing(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	cable, throughCable := newCable(t, url)
	environ := []string{"JWT_SECRET=" + randomSecret(), "AUTHCTL_REVOCATION_MAX_STALENESS=5s"}
	near := startServe(t, t.TempDir(), append(environ, "DATABASE_URL="+url)...)
	far := startServe(t, t.TempDir(), append(environ, "DATABASE_URL="+throughCable)...)
	people := map[string]*http.Client{}
	for _, name := range []string{"alice", "bob"} {
		jar, _ := cookiejar.New(nil) // never fails
		people[name] = &http.Client{Jar: jar}
		call(t, people[name], "POST", far.url+"/register", newClient(far, name).account(), nil, http.StatusCreated)
		call(t, people[name], "POST", far.url+"/login", newClient(far, name).account(), nil, http.StatusOK)
		call(t, people[name], "GET", far.url+"/verify", "", nil, http.StatusOK)
	}
	verify := func(name string) int {
		resp, err := people[name].Get(far.url + "/verify")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}

	cable.setCut(true)
	out, err := near.prepare("token", "revoke-all", "--user", "alice", "--yes", "--wait", "300ms", "-o", "json").Output()
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || exit.ExitCode() != 7 {
		t.Errorf("got %v, want exit code 7", err)
	}
	var result struct {
		Nodes struct {
			Total, Confirmed int
			Missing          []string
		}
	}
	if err := json.Unmarshal(out, &result); err != nil || result.Nodes.Total != 2 || result.Nodes.Confirmed != 1 || len(result.Nodes.Missing) != 1 {
		t.Errorf("got %v from %s, want 1 of 2 nodes and the name of the other", err, out)
	}
	for name := range people {
		until(t, "the node admits that it sees nothing", func() bool {
			status := verify(name)
			if status != http.StatusOK && status != http.StatusServiceUnavailable {
				t.Fatalf("%s got %d for a fault of the node's own", name, status)
			}
			return status == http.StatusServiceUnavailable
		})
	}
	for name := range people {
		if status := verify(name); status != http.StatusServiceUnavailable {
			t.Errorf("%s got %d from a node that has said 503", name, status)
		}
	}
	call(t, http.DefaultClient, "GET", far.url+"/readyz", "", nil, http.StatusServiceUnavailable)

	cable.setCut(false)
	for name, want := range map[string]int{"alice": http.StatusUnauthorized, "bob": http.StatusOK} {
		var status int
		until(t, "the node sees again", func() bool {
			status = verify(name)
			return status != http.StatusServiceUnavailable
		})
		if status != want {
			t.Errorf("%s got %d after the cable was mended, want %d", name, status, want)
		}
	}
	until(t, "the node has caught up", func() bool {
		return strings.Count(near.run(t, "node", "list", "-o", "json"), `"state": "serving"`) == 2
	})
}
