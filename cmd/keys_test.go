package cmd_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// listedKey has the fields of key list that the tests read.
type listedKey struct {
	KeyID     string `json:"key_id"`
	Algorithm string `json:"algorithm"`
	State     string `json:"state"`
	Signs     bool   `json:"signs"`
}

// keys returns the signing keys by state. It fails the test unless exactly one key is active,
// at most one is next, and all can be opened.
func (p *process) keys(t *testing.T) map[string][]listedKey {
	t.Helper()
	var all []listedKey
	if err := json.Unmarshal([]byte(p.run(t, "key", "list", "-o", "json")), &all); err != nil {
		t.Fatal(err)
	}
	by := map[string][]listedKey{}
	for _, k := range all {
		by[k.State] = append(by[k.State], k)
		if !k.Signs {
			t.Errorf("key %s (%s) cannot be opened", k.KeyID, k.State)
		}
	}
	if len(by["active"]) != 1 || len(by["next"]) > 1 {
		t.Errorf("%d keys are active, and %d next: %+v", len(by["active"]), len(by["next"]), all)
	}
	return by
}

// cluster is several servers that share a database. Each has clients that send requests all
// the time.
type cluster struct {
	nodes   []*process
	clients [][]*client
	stop    []chan struct{}
	asking  []*sync.WaitGroup

	moving    sync.RWMutex // held while nodes change
	wanderers sync.WaitGroup
	still     chan struct{} // closed when they are to stop
}

// startCluster starts n servers with three clients each.
func startCluster(t *testing.T, n int, environ ...string) *cluster {
	t.Helper()
	c := &cluster{still: make(chan struct{})}
	for range n {
		c.add(t, environ...)
	}
	return c
}

// add starts one more server.
func (c *cluster) add(t *testing.T, environ ...string) {
	t.Helper()
	i, node := len(c.nodes), startServe(t, t.TempDir(), environ...)
	var clients []*client
	for j := range 3 {
		one := newClient(node, fmt.Sprintf("user%d%d", i, j))
		call(t, &one.Client, "POST", node.url+"/register", one.account(), nil, http.StatusCreated)
		one.signIn(t)
		clients = append(clients, one)
	}
	c.nodes, c.clients = append(c.nodes, node), append(c.clients, clients)
	c.stop, c.asking = append(c.stop, nil), append(c.asking, nil)
	c.ask(t, i)
}

// restAll stops the clients. It must run before the servers are killed at the end of the test.
func (c *cluster) restAll() {
	close(c.still)
	c.wanderers.Wait()
	for i := range c.nodes {
		c.rest(i)
	}
}

// wander starts a client that queries each server in turn. The next server must accept what
// the previous one signed, whatever it has read by then.
func (c *cluster) wander(t *testing.T) {
	t.Helper()
	one := newClient(c.nodes[0], "wanderer")
	call(t, &one.Client, "POST", one.node+"/register", one.account(), nil, http.StatusCreated)
	one.signIn(t)
	c.wanderers.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-c.still:
				return
			case <-time.After(breath()):
			}
			method, path := "GET", "/profile"
			if i%5 == 0 {
				method, path = "POST", "/refresh"
			}
			c.moving.RLock()
			one.node = c.nodes[i%len(c.nodes)].url
			resp, err := one.send(method, path, "")
			c.moving.RUnlock()
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Errorf("the wanderer, %s %s: got %v, %v", method, path, resp, err)
				return
			}
		}
	})
}

func (c *cluster) ask(t *testing.T, i int) {
	stop, asking := make(chan struct{}), new(sync.WaitGroup)
	c.stop[i], c.asking[i] = stop, asking
	for _, one := range c.clients[i] {
		asking.Go(func() { one.ask(t, stop) })
	}
}

// rest lets the clients of a server finish.
func (c *cluster) rest(i int) {
	if c.stop[i] != nil {
		close(c.stop[i])
		c.asking[i].Wait()
		c.stop[i] = nil
	}
}

func (c *cluster) answered(t *testing.T) {
	t.Helper()
	var all []*client
	for _, clients := range c.clients {
		all = append(all, clients...)
	}
	answered(t, all)
	if t.Failed() {
		t.FailNow()
	}
}

// replace restarts a server with other variables, like a rolling update: its clients move to
// the new server, with their tokens, before the old one ends.
func (c *cluster) replace(t *testing.T, i int, environ ...string) {
	t.Helper()
	node := startServe(t, t.TempDir(), environ...)
	c.rest(i)
	for _, one := range c.clients[i] {
		one.node = node.url
	}
	c.ask(t, i)
	old := c.nodes[i]
	c.moving.Lock()
	c.nodes[i] = node
	c.moving.Unlock()
	old.command.Process.Signal(syscall.SIGTERM)
	<-old.ended
	c.answered(t)
}

// TestKeysRotateWithoutAnybodyNoticing rotates the keys of three servers, and then the secret
// that seals them, while clients send requests. Every answer must be 200.
func TestKeysRotateWithoutAnybodyNoticing(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, environ ...string) {
		environ = append(environ, "AUTHCTL_JWT_ALGORITHM=EdDSA")
		old, fresh := randomSecret(), randomSecret()
		c := startCluster(t, 3, append(environ, "JWT_SECRET="+old)...)
		defer c.restAll()
		c.wander(t)
		seen, rotations := map[string]bool{}, 3
		if soaking() {
			rotations = 10
		}
		for range rotations {
			c.answered(t)
			seen[c.nodes[0].keys(t)["active"][0].KeyID] = true
			confirmed(t, c.nodes[0], 3, "key", "rotate", "--publish-for", "0s", "-o", "json")
		}
		c.answered(t)
		if len(seen) != rotations {
			t.Errorf("%d keys have signed before the last, want %d", len(seen), rotations)
		}
		c.changeSecret(t, old, fresh, environ...)
		if by := c.nodes[0].keys(t); seen[by["active"][0].KeyID] || len(by["next"]) != 0 {
			t.Errorf("got %+v", by)
		}
	})
}

// TestTheSecretOfHS256RotatesWithoutAnybodyNoticing does the same with HS256, where the secret
// is the key. When the last server has it, it is promoted without a command.
func TestTheSecretOfHS256RotatesWithoutAnybodyNoticing(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, environ ...string) {
		old, fresh := randomSecret(), randomSecret()
		c := startCluster(t, 3, append(environ, "JWT_SECRET="+old)...)
		defer c.restAll()
		c.wander(t)
		before := c.nodes[0].keys(t)["active"][0].KeyID
		c.changeSecret(t, old, fresh, environ...)
		until(t, "the new secret is the active key", func() bool { return c.nodes[0].keys(t)["active"][0].KeyID != before })
		c.answered(t)
		if by := c.nodes[0].keys(t); len(by["next"]) != 0 || len(by["retired"]) != 1 {
			t.Errorf("got %+v", by)
		}
	})
}

// changeSecret does what docs/keys.md says.
func (c *cluster) changeSecret(t *testing.T, old, fresh string, environ ...string) {
	t.Helper()
	environ = append(environ, "JWT_SECRET="+fresh, "AUTHCTL_JWT_PREVIOUS_SECRETS="+old)
	for i := range c.nodes {
		c.replace(t, i, environ...)
	}
	c.nodes[0].run(t, "key", "reseal")
	c.answered(t)
}

func TestARotationThatIsInterruptedSaysHowToGoOn(t *testing.T) {
	t.Parallel()
	node := startServe(t, t.TempDir(), "AUTHCTL_JWT_ALGORITHM=EdDSA")
	before := node.active(t)
	rotating := node.prepare("key", "rotate")
	said, err := rotating.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := rotating.Start(); err != nil {
		t.Fatal(err)
	}
	defer rotating.Process.Kill()
	var all strings.Builder
	for lines := bufio.NewScanner(said); lines.Scan(); {
		fmt.Fprintln(&all, lines.Text())
		if strings.Contains(lines.Text(), "promoting the key in ") { // 5m0s, or less where the server was slow to hold it
			rotating.Process.Signal(syscall.SIGINT)
		}
	}
	rotating.Wait()
	if code := rotating.ProcessState.ExitCode(); code != 130 || !strings.Contains(all.String(), "is published and not promoted; authctl key rotate continues with it\nauthctl: interrupted\n") {
		t.Errorf("got %d, %s", code, all.String())
	}
	next := node.keys(t)["next"]
	if len(next) != 1 || node.active(t) != before {
		t.Fatalf("got %+v", node.keys(t))
	}
	node.run(t, "key", "rotate", "--publish-for", "0s")
	if got := node.active(t); got != next[0].KeyID {
		t.Errorf("%s signs, want %s, which was published before", got, next[0].KeyID)
	}
}

// TestAChangeOfKeysMayDieAnywhere kills the commands that change keys, each at many points,
// and then the server during its start.
func TestAChangeOfKeysMayDieAnywhere(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, environ ...string) {
		secrets := []string{randomSecret(), randomSecret()}
		base, dir := append(environ, "AUTHCTL_JWT_ALGORITHM=EdDSA"), t.TempDir()
		withSecrets := func(i int) []string {
			return append(base, "JWT_SECRET="+secrets[i%2], "AUTHCTL_JWT_PREVIOUS_SECRETS="+secrets[(i+1)%2])
		}
		node := startServe(t, dir, withSecrets(0)...)
		alice := newClient(node, "alice")
		call(t, &alice.Client, "POST", node.url+"/register", alice.account(), nil, http.StatusCreated)
		alice.signIn(t)
		commands := [][]string{
			{"key", "rotate", "--publish-for", "0s"},
			{"key", "reseal"},
			{"key", "rotate", "--now", "--yes"},
		}
		const points = 6
		for _, args := range commands {
			began := time.Now()
			node.environ = append(node.environ, withSecrets(1)...)
			node.run(t, args...)
			whole := time.Since(began)
			for i := range points {
				node.environ = append(node.environ, withSecrets(i)...)
				dying := node.prepare(args...)
				if err := dying.Start(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(whole * time.Duration(i) / points) // the points lie there, whatever has been reached
				dying.Process.Kill()
				dying.Wait()
				node.keys(t)
				for tries := 1; ; tries++ {
					if resp, err := alice.send("POST", "/refresh", ""); err != nil || resp.StatusCode != http.StatusOK {
						t.Fatalf("%s, killed at %d of %d: refresh: got %v, %v", strings.Join(args, " "), i, points, resp, err)
					}
					resp, err := alice.send("GET", "/profile", "")
					if err == nil && resp.StatusCode == http.StatusUnauthorized && tries == 1 {
						continue // the server has just heard that the key was burned
					}
					if err != nil || resp.StatusCode != http.StatusOK {
						t.Fatalf("%s, killed at %d of %d: profile: got %v, %v", strings.Join(args, " "), i, points, resp, err)
					}
					break
				}
			}
		}
		node.run(t, "key", "rotate", "--publish-for", "0s")
		if by := node.keys(t); len(by["next"]) != 0 {
			t.Errorf("a key is left over: %+v", by)
		}
		node.kill(t)
		for i := range points {
			starting := node.prepare("serve")
			if err := starting.Start(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Duration(i) * 20 * time.Millisecond)
			starting.Process.Kill()
			starting.Wait()
			node.keys(t)
		}
		again := startServe(t, dir, withSecrets(0)...)
		alice.node = again.url
		if resp, err := alice.send("POST", "/refresh", ""); err != nil || resp.StatusCode != http.StatusOK {
			t.Errorf("after all that: got %v, %v", resp, err)
		}
	})
}
