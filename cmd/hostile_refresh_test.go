package cmd_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/authctl/authctl/store/storetest"
)

// TestTwoServersRotateATokenOnce: fifty clients present the same token concurrently to two
// servers on one database.
func TestTwoServersRotateATokenOnce(t *testing.T) {
	t.Parallel()
	environ := []string{"DATABASE_URL=" + storetest.Postgres(t), "JWT_SECRET=" + randomSecret(), "AUTHCTL_TOKENS_RETRY_WINDOW=1m"}
	nodes := []*process{startServe(t, t.TempDir(), environ...), startServe(t, t.TempDir(), environ...)}
	owner := newClient(nodes[0], "alice")
	call(t, &owner.Client, "POST", owner.node+"/register", owner.account(), nil, http.StatusCreated)
	owner.signIn(t)
	rounds := 3
	if soaking() {
		rounds = 100
	}
	for round := range rounds {
		successors := make([]string, 50)
		var all sync.WaitGroup
		for i := range successors {
			c := newClient(nodes[i%2], "alice")
			c.access, c.refresh = owner.access, owner.refresh
			all.Go(func() {
				resp, err := c.send("POST", "/refresh", "")
				if err != nil || resp.StatusCode != http.StatusOK {
					t.Errorf("in round %d: got %v, %v", round, resp, err)
					return
				}
				successors[i] = c.refresh
			})
		}
		all.Wait()
		for _, s := range successors {
			if s != successors[0] || s == owner.refresh {
				t.Fatalf("in round %d: the servers hand out different tokens", round)
			}
		}
		owner.refresh = successors[0]
	}
}
