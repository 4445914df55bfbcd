package cmd_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/storetest"
)

// TestADeathDuringBatchesLosesNoAnswer kills servers and databases with SIGKILL while 64 refreshes
// are under way, again and again. Whoever was answered has what the answer said, and no session has
// two living successors.
func TestADeathDuringBatchesLosesNoAnswer(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(t *testing.T) string{
		"SQLite":     func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "authctl.db") },
		"PostgreSQL": func(t *testing.T) string { return storetest.Postgres(t) },
	} {
		t.Run("serve on "+name, func(t *testing.T) {
			t.Parallel()
			dir, environ := t.TempDir(), append(faultEnviron(t, database(t)), "AUTHCTL_TOKENS_RETRY_WINDOW=1m")
			p := startServe(t, dir, environ...)
			dieDuringBatches(t, p, func(int) *process {
				p.kill(t)
				p = startServe(t, dir, environ...)
				return p
			})
		})
	}
	t.Run("PostgreSQL", func(t *testing.T) {
		soak(t)
		c := storetest.NewCluster(t)
		p := startServe(t, t.TempDir(), append(faultEnviron(t, c.CreateDatabase(t, authDB)), "AUTHCTL_TOKENS_RETRY_WINDOW=1m")...)
		dieDuringBatches(t, p, func(round int) *process {
			if round%2 > 0 {
				c.KillBackend(t, authDB)
				return p
			}
			c.Kill(t)
			c.Start(t)
			return p
		})
		if thefts := c.Text(t, authDB, `SELECT count(*) FROM audit_events WHERE action = $1`, string(store.ActionSessionReused)); thefts != "0" {
			t.Errorf("%s thefts were reported, and there was none", thefts)
		}
	})
}

// dieDuringBatches has pairs of tabs refresh during a death, or twenty in the long tests. die returns
// the server that answers afterwards.
func dieDuringBatches(t *testing.T, p *process, die func(round int) *process) {
	t.Helper()
	deaths := 1
	if soaking() {
		deaths = 20
	}
	all := newPairsOfTabs(t, p, 32)
	for round := range deaths {
		all.served(t, 2)
		if round == 0 {
			p.refreshesInBatches(t)
		}
		all.answered(t, int64(60+17*round)) // never at the same moment
		p = die(round)
		all.served(t, 1)
	}
	all.leave()
	if list := p.run(t, "token", "list", "-o", "ids"); len(list) != len(all.pairs)*37 {
		t.Errorf("want the %d sessions alive that there were: %s", len(all.pairs), list)
	}
	if said := p.run(t, "audit", "list", "--action", string(store.ActionSessionReused), "--action", string(store.ActionRefreshRefused), "-o", "json"); said != "[]\n" && said != "" {
		t.Errorf("a session was ended: %s", said)
	}
}

// refreshesInBatches requires that refreshes have travelled together so far, as the metrics tell.
func (p *process) refreshesInBatches(t testing.TB) {
	t.Helper()
	batches, changes := p.metric(t, "authctl_db_batch_size_count"), p.metric(t, "authctl_db_batch_size_sum")
	if changes <= batches {
		t.Errorf("%.0f changes in %.0f batches: none have travelled together", changes, batches)
	}
	if waits := p.metric(t, "authctl_db_batch_wait_seconds_count"); waits < changes {
		t.Errorf("%.0f changes have waited, want all %.0f", waits, changes)
	}
	if p.metric(t, "authctl_db_batch_wait_seconds_sum") <= 0 {
		t.Error("no change has waited for others")
	}
}

// pairsOfTabs are clients of sessions that have two tabs each. Both tabs present the same token at
// the same time, and wait for each other before they present the next.
type pairsOfTabs struct {
	pairs   []*pairOfTabs
	stop    chan struct{}
	staying sync.WaitGroup
	answers atomic.Int64
}

type pairOfTabs struct {
	name   string
	tabs   [2]*guest
	rounds atomic.Int64 // in which at least one of them had an answer
}

func newPairsOfTabs(t testing.TB, p *process, n int) *pairsOfTabs {
	t.Helper()
	all := &pairsOfTabs{stop: make(chan struct{})}
	for i := range n {
		first := newGuest(p, fmt.Sprint("guest-", i/8))
		if i%8 == 0 {
			first.join(t)
		} else {
			first.signIn(t)
		}
		second := newGuest(p, first.name)
		second.access, second.refresh = first.access, first.refresh
		all.pairs = append(all.pairs, &pairOfTabs{name: fmt.Sprint("session ", i), tabs: [2]*guest{first, second}})
	}
	for _, c := range all.pairs {
		all.staying.Go(func() {
			for {
				select {
				case <-all.stop:
					return
				default:
				}
				if !c.renew(t, all) {
					return
				}
			}
		})
	}
	return all
}

// renew has both tabs present the token. It reports whether the session is alive.
func (c *pairOfTabs) renew(t testing.TB, all *pairsOfTabs) bool {
	presented := c.tabs[0].refresh
	var got [2]answer
	var both sync.WaitGroup
	for i, v := range c.tabs {
		both.Go(func() { got[i] = v.renew() })
	}
	both.Wait()
	newest := presented
	for i, v := range c.tabs {
		switch {
		case got[i].transient():
		case got[i].status != http.StatusOK:
			t.Errorf("%s did nothing wrong and was signed out: %v", c.name, got[i])
			return false
		case newest != presented && v.refresh != newest:
			t.Errorf("%s has two successors of one token", c.name)
			return false
		default:
			newest = v.refresh
			all.answers.Add(1)
		}
	}
	for _, v := range c.tabs {
		v.refresh = newest
	}
	if newest == presented {
		time.Sleep(50 * time.Millisecond) // as a client does that was not served
	} else {
		c.rounds.Add(1)
	}
	return true
}

// served waits until every session has got new tokens this many times more.
func (all *pairsOfTabs) served(t testing.TB, times int64) {
	t.Helper()
	before := make([]int64, len(all.pairs))
	for i, c := range all.pairs {
		before[i] = c.rounds.Load()
	}
	eventually(t, func() bool {
		for i, c := range all.pairs {
			if c.rounds.Load() < before[i]+times && !t.Failed() {
				return false
			}
		}
		return true
	})
}

// answered waits until there were this many answers more.
func (all *pairsOfTabs) answered(t testing.TB, n int64) {
	t.Helper()
	enough := all.answers.Load() + n
	eventually(t, func() bool { return all.answers.Load() >= enough || t.Failed() })
}

// leave stops the tabs.
func (all *pairsOfTabs) leave() {
	close(all.stop)
	all.staying.Wait()
}
