package cmd_test

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authctl/authctl/store/storetest"
)

// client sends requests to a server all the time. It holds its tokens itself: a browser would
// drop refused cookies, and this client keeps sending them.
type client struct {
	http.Client
	node, name      string
	access, refresh string
	covered         atomic.Bool  // the round may end the session
	ended           atomic.Int64 // when the command had returned that ended it; 0 before
	lastGood        atomic.Int64 // when the last 200 came
	late            atomic.Int64 // answers of 200 that were under way when the command returned
	answers         atomic.Int64
}

func newClient(node *process, name string) *client {
	return &client{Client: http.Client{Timeout: 30 * time.Second}, node: node.url, name: name}
}

func (c *client) account() string {
	return fmt.Sprintf(`{"username":%q,"password":"a password for scripts"}`, c.name)
}

// send sends a request with both tokens, and stores the tokens of the answer.
func (c *client) send(method, path, body string) (*http.Response, error) {
	req, err := http.NewRequest(method, c.node+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.access != "" {
		req.Header.Set("Cookie", "access_token="+c.access+"; refresh_token="+c.refresh)
	}
	resp, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	for _, cookie := range resp.Cookies() {
		switch {
		case resp.StatusCode != http.StatusOK: // they are being cleared
		case cookie.Name == "access_token":
			c.access = cookie.Value
		case cookie.Name == "refresh_token":
			c.refresh = cookie.Value
		}
	}
	return resp, nil
}

func (c *client) signIn(t *testing.T) {
	t.Helper()
	c.access, c.refresh = "", ""
	if resp, err := c.send("POST", "/login", c.account()); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s signs in: got %v, %v", c.name, resp, err)
	}
}

// session returns the id of the session.
func (c *client) session(t *testing.T) string {
	t.Helper()
	resp, err := c.send("GET", "/verify", "")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s verifies: got %v, %v", c.name, resp, err)
	}
	return resp.Header.Get("X-Auth-Session-Id")
}

// breath is how long a client rests between two requests, so that the clients of a test leave the
// processors to the other tests. In a soak test they do not rest.
func breath() time.Duration {
	if soaking() {
		return 0
	}
	return 20 * time.Millisecond
}

// ask sends requests until stop is closed. Every tenth request is a refresh.
func (c *client) ask(t *testing.T, stop <-chan struct{}) {
	for i := 1; ; i++ {
		select {
		case <-stop:
			return
		case <-time.After(breath()):
		}
		method, path := "GET", "/profile"
		if i%10 == 0 {
			method, path = "POST", "/refresh"
		}
		sent := time.Now().UnixNano()
		resp, err := c.send(method, path, "")
		if err != nil {
			t.Error(err)
			return
		}
		if err := c.judge(resp.StatusCode, sent); err != nil {
			t.Errorf("%s at %s, %s %s: %v", c.name, c.node, method, path, err)
			return
		}
		c.answers.Add(1)
	}
}

// judge checks one answer: no request that was sent after the command returned succeeds, and
// no request outside the revocation is refused.
func (c *client) judge(status int, sent int64) error {
	now, ended := time.Now().UnixNano(), c.ended.Load()
	switch {
	case status != http.StatusOK && (status != http.StatusUnauthorized || !c.covered.Load()):
		return fmt.Errorf("got %d, its session was not ended", status)
	case status != http.StatusOK:
	case ended != 0 && sent > ended:
		return fmt.Errorf("got 200, sent %s after the command had returned", time.Duration(sent-ended))
	default:
		c.lastGood.Store(now)
		if ended != 0 {
			c.late.Add(1)
		}
	}
	return nil
}

func randomSecret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// TestRevocationReachesEveryProcess: clients of three servers send requests while everybody's
// sessions, a user's sessions and one session are ended. When the command returns, no server
// may accept any of them. The duration is reported and not checked.
func TestRevocationReachesEveryProcess(t *testing.T) {
	t.Parallel()
	environ := []string{"DATABASE_URL=" + storetest.Postgres(t), "JWT_SECRET=" + randomSecret()}
	var clients []*client
	var first *process
	for range 3 {
		node := startServe(t, t.TempDir(), environ...)
		first = cmp.Or(first, node)
		for _, name := range []string{"alice", "alice", "bob"} {
			clients = append(clients, newClient(node, name))
		}
	}
	for _, c := range []*client{clients[0], clients[2]} {
		call(t, &c.Client, "POST", c.node+"/register", c.account(), nil, http.StatusCreated)
	}
	rounds := 3 // one of each kind
	if os.Getenv("AUTHCTL_TEST_SOAK") != "" {
		rounds = 50
	}
	var took, fromStart, fromReturn []time.Duration
	for round := range rounds {
		started, returned, last := revocationRound(t, first, clients, round)
		took = append(took, returned.Sub(started))
		fromStart = append(fromStart, last.Sub(started))
		fromReturn = append(fromReturn, last.Sub(returned))
		if t.Failed() {
			t.Fatalf("in round %d", round)
		}
	}
	var late int64
	for _, c := range clients {
		late += c.late.Load()
	}
	t.Logf("%d rounds, 3 nodes, %d clients: the command took %s; the last 200 came %s after its start, %s after its return; %d answers were under way",
		rounds, len(clients), spread(took), spread(fromStart), spread(fromReturn), late)
}

// spread returns the median and the maximum.
func spread(all []time.Duration) string {
	slices.Sort(all)
	return fmt.Sprintf("%.1f ms (at most %.1f)", all[len(all)/2].Seconds()*1000, all[len(all)-1].Seconds()*1000)
}

// revocationRound signs everybody in and ends sessions while the clients send requests. It
// returns when the command started and returned, and when a session that it ended was last
// accepted.
func revocationRound(t *testing.T, first *process, clients []*client, round int) (started, returned, last time.Time) {
	t.Helper()
	for _, c := range clients {
		c.covered.Store(false)
		c.ended.Store(0)
		c.lastGood.Store(0)
		c.signIn(t)
	}
	ended, command := clients, []string{"token", "revoke-all", "--everyone", "--yes", "-o", "json"}
	switch round % 3 {
	case 1:
		ended = slices.DeleteFunc(slices.Clone(clients), func(c *client) bool { return c.name != "alice" })
		command = []string{"token", "revoke-all", "--user", "alice", "--yes", "-o", "json"}
	case 2:
		ended = clients[round%len(clients):][:1]
		command = []string{"token", "revoke", ended[0].session(t)}
	}
	stop := make(chan struct{})
	var asking sync.WaitGroup
	for _, c := range clients {
		asking.Go(func() { c.ask(t, stop) })
	}
	answered(t, clients)
	for _, c := range ended {
		c.covered.Store(true)
	}
	started = time.Now()
	confirmed(t, first, 3, command...)
	returned = time.Now()
	for _, c := range ended {
		c.ended.Store(returned.UnixNano())
	}
	answered(t, clients)
	close(stop)
	asking.Wait()
	for _, c := range ended {
		if good := time.Unix(0, c.lastGood.Load()); good.After(last) {
			last = good
		}
	}
	return started, returned, last
}

// answered waits until all clients have had answers, two of them to a refresh.
func answered(t *testing.T, clients []*client) {
	t.Helper()
	var before []int64
	for _, c := range clients {
		before = append(before, c.answers.Load())
	}
	until(t, "all clients are answered", func() bool {
		for i, c := range clients {
			if !t.Failed() && c.answers.Load() < before[i]+25 {
				return false
			}
		}
		return true
	})
}

// confirmed runs a command that ends sessions, and requires that all nodes confirm it.
func confirmed(t *testing.T, p *process, nodes int, args ...string) {
	t.Helper()
	var said strings.Builder
	command := p.prepare(append(args, "--wait", "1m")...)
	command.Stderr = &said
	out, err := command.Output()
	if want := fmt.Sprintf("effective on %d of %d node", nodes, nodes); err != nil || !strings.Contains(said.String(), want) {
		t.Errorf("authctl %s: got %v, want it to say %q: %s", strings.Join(args, " "), err, want, said.String())
	}
	if len(out) == 0 {
		return
	}
	var result struct {
		Nodes struct{ Total, Confirmed int }
	}
	if err := json.Unmarshal(out, &result); err != nil || result.Nodes.Total != nodes || result.Nodes.Confirmed != nodes {
		t.Errorf("got %v from %s, want %d nodes", err, out, nodes)
	}
}
