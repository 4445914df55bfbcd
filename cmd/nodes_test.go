package cmd_test

import (
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver

	"github.com/authctl/authctl/store/storetest"
)

// client is somebody who asks for their profile all the time.
type client struct {
	http.Client
	node, name string
	revoked    atomic.Int64 // when the command had returned that ended the session; 0 while it lives
	lastGood   atomic.Int64 // when the last 200 came
	answers    atomic.Int64
}

func newClient(node *process, name string) *client {
	jar, _ := cookiejar.New(nil) // never fails
	return &client{Client: http.Client{Jar: jar}, node: node.url, name: name}
}

func (c *client) account() string {
	return fmt.Sprintf(`{"username":%q,"password":"a password for scripts"}`, c.name)
}

// ask asks until stop is closed. Nothing that was sent after the revocation may be
// answered well, and nothing that is not revoked badly.
func (c *client) ask(t *testing.T, stop <-chan struct{}) {
	for i := 1; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		method, path := http.MethodGet, "/profile"
		if i%50 == 0 && c.revoked.Load() == 0 {
			method, path = http.MethodPost, "/refresh"
		}
		sent := time.Now().UnixNano()
		req, err := http.NewRequest(method, c.node+path, nil)
		if err != nil {
			t.Error(err)
			return
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Error(err)
			return
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			c.lastGood.Store(time.Now().UnixNano())
			if revoked := c.revoked.Load(); revoked != 0 && sent > revoked {
				t.Errorf("%s %s answered 200, %s after the command had returned", method, path, time.Duration(sent-revoked))
				return
			}
		}
		c.answers.Add(1)
	}
}

func randomSecret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// TestRevocationReachesEveryProcess has clients at three servers, and ends everybody's
// sessions, a user's, and one, while they ask. When the command returns no server may
// let any of them pass. How long it took is told, and not judged.
func TestRevocationReachesEveryProcess(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	var nodes []*process
	secret := randomSecret()
	for range 3 {
		nodes = append(nodes, startServe(t, t.TempDir(), "DATABASE_URL="+url, "JWT_SECRET="+secret))
	}
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, name := range []string{"alice", "bob"} {
		call(t, http.DefaultClient, "POST", nodes[0].url+"/register", newClient(nodes[0], name).account(), nil, http.StatusCreated)
	}
	rounds := 6
	if os.Getenv("AUTHCTL_TEST_SOAK") != "" {
		rounds = 50
	}
	var toLastGood, toReturn []time.Duration
	for round := range rounds {
		last, returned := revocationRound(t, db, nodes, round)
		toLastGood, toReturn = append(toLastGood, last), append(toReturn, returned)
	}
	slices.Sort(toLastGood)
	slices.Sort(toReturn)
	t.Logf("%d rounds, 3 nodes, 6 clients: from the revocation to the last 200: median %s, maximum %s; to the end of the command: median %s, maximum %s",
		rounds, toLastGood[rounds/2], toLastGood[rounds-1], toReturn[rounds/2], toReturn[rounds-1])
}

func revocationRound(t *testing.T, db *sql.DB, nodes []*process, round int) (toLastGood, toReturn time.Duration) {
	t.Helper()
	var clients []*client
	for _, node := range nodes {
		for _, name := range []string{"alice", "bob"} {
			c := newClient(node, name)
			call(t, &c.Client, "POST", node.url+"/login", c.account(), nil, http.StatusOK)
			clients = append(clients, c)
		}
	}
	stop := make(chan struct{})
	var asking sync.WaitGroup
	for _, c := range clients {
		asking.Go(func() { c.ask(t, stop) })
	}
	until(t, "all clients are answered", func() bool {
		return !slices.ContainsFunc(clients, func(c *client) bool { return c.answers.Load() < 3 })
	})

	ended := clients
	switch round % 3 {
	case 0:
		confirmed(t, nodes[0].run(t, "token", "revoke-all", "--everyone", "--yes", "-o", "json"))
	case 1:
		confirmed(t, nodes[0].run(t, "token", "revoke-all", "--user", "alice", "--yes", "-o", "json"))
		ended = slices.DeleteFunc(slices.Clone(clients), func(c *client) bool { return c.name != "alice" })
	case 2:
		list := call(t, &clients[0].Client, "GET", clients[0].node+"/sessions", "", nil, http.StatusOK)
		before, _, _ := strings.Cut(list, `","created_at"`) // the newest is the last client's of that name
		nodes[0].run(t, "token", "revoke", before[strings.LastIndexByte(before, '"')+1:])
		ended = []*client{clients[4]}
	}
	now := time.Now().UnixNano()
	for _, c := range ended {
		c.revoked.Store(now)
	}
	before := map[*client]int64{}
	for _, c := range clients {
		before[c] = c.answers.Load()
	}
	until(t, "all clients are answered again", func() bool {
		return !slices.ContainsFunc(clients, func(c *client) bool { return c.answers.Load() < before[c]+3 })
	})
	close(stop)
	asking.Wait()
	var at time.Time
	if err := db.QueryRow(`SELECT max(at) FROM revocations`).Scan(&at); err != nil {
		t.Fatal(err)
	}
	var last int64
	for _, c := range clients {
		if slices.Contains(ended, c) {
			last = max(last, c.lastGood.Load())
		} else if c.lastGood.Load() < now {
			t.Errorf("round %d: %s, whose session was not ended, was refused", round, c.name)
		}
	}
	return max(0, time.Unix(0, last).Sub(at)), time.Unix(0, now).Sub(at)
}

// confirmed wants all three nodes in what revoke-all printed.
func confirmed(t *testing.T, printed string) {
	t.Helper()
	var result struct {
		Nodes struct{ Total, Confirmed int }
	}
	if err := json.Unmarshal([]byte(printed), &result); err != nil || result.Nodes.Total != 3 || result.Nodes.Confirmed != 3 {
		t.Errorf("got %v from %s, want 3 of 3 nodes", err, printed)
	}
}
