package cmd_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/storetest"
)

// ledger records what servers and commands have acknowledged, to compare it with the state
// after a fault.
type ledger struct {
	serve   *process
	mu      sync.Mutex
	entries []*entry
	stop    chan struct{}
	writing sync.WaitGroup
}

// entry is an account with one acknowledged change.
type entry struct {
	*guest              // with the tokens from before
	done   store.Action // "" for nothing: it was registered and signed in
}

const changedPassword = "another password for scripts"

// commandPatience is how long a test waits for a command whose database may hang.
const commandPatience = 20 * time.Second

// endings lists the changes to the accounts of a ledger, in turn.
var endings = []struct {
	action  store.Action
	command []string // for nil it is a logout, or nothing
}{
	{action: store.ActionLogout},
	{store.ActionSessionsRevoked, []string{"token", "revoke-all", "--yes", "--user"}},
	{action: ""},
	{store.ActionPasswordChanged, []string{"user", "set-password", "--password-stdin"}},
	{store.ActionUserDisabled, []string{"user", "disable", "--reason", "a fault"}},
}

// openLedger starts to register accounts, sign them in and end their sessions, one after the
// other, through a server and with commands on its database.
func openLedger(t testing.TB, p *process) *ledger {
	l := &ledger{serve: p, stop: make(chan struct{})}
	l.writing.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-l.stop:
				return
			default:
			}
			if e := l.write(i); e != nil {
				e.endedAtOnce(t)
				l.mu.Lock()
				l.entries = append(l.entries, e)
				l.mu.Unlock()
			} else {
				time.Sleep(100 * time.Millisecond) // as a client does that was not served
			}
		}
	})
	return l
}

// write makes one change to a new account. It returns nil unless all of it was acknowledged.
func (l *ledger) write(i int) *entry {
	v, ending := newGuest(l.serve, fmt.Sprintf("entry-%d", i)), endings[i%len(endings)]
	if v.ask("POST", "/register", v.account(guestPassword)).status != http.StatusCreated ||
		v.ask("POST", "/login", v.account(guestPassword)).status != http.StatusOK {
		return nil
	}
	e := &entry{v, ending.action}
	switch {
	case ending.command != nil:
		command := l.serve.prepare(append(slices.Clone(ending.command), v.name)...)
		command.Stdin = strings.NewReader(changedPassword + "\n")
		if command.Start() != nil {
			return nil
		}
		impatient := time.AfterFunc(commandPatience, func() { command.Process.Kill() })
		defer impatient.Stop()
		if command.Wait() != nil {
			return nil
		}
	case ending.action == store.ActionLogout:
		access, refresh := v.access, v.refresh
		if v.ask("POST", "/logout", "").status != http.StatusOK {
			return nil
		}
		v.access, v.refresh = access, refresh
	}
	return e
}

// endedAtOnce requires that a server refuses a session as soon as its end was acknowledged.
func (e *entry) endedAtOnce(t testing.TB) {
	if got := e.ask("GET", "/verify", ""); e.done != "" && got.status == http.StatusOK {
		t.Errorf("verify as %s at once after %q was acknowledged: got %v", e.name, e.done, got)
	}
}

// round waits until each kind of entry has been acknowledged once more.
func (l *ledger) round(t testing.TB) {
	t.Helper()
	length := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return len(l.entries)
	}
	for range endings { // each has its own time
		before := length()
		eventually(t, func() bool { return length() > before })
	}
}

// close ends the writing.
func (l *ledger) close() {
	close(l.stop)
	l.writing.Wait()
}

// holds checks every entry that the database has kept against a server. If kept is nil, it
// checks all entries.
func (l *ledger) holds(t testing.TB, p *process, kept func(e *entry) bool) {
	t.Helper()
	checked := map[store.Action]int{}
	for _, e := range l.entries {
		if kept == nil || kept(e) {
			e.url = p.url
			e.holds(t)
			checked[e.done]++
		}
	}
	t.Logf("of %d acknowledged entries the database has kept %v", len(l.entries), checked)
}

// holds checks one entry.
func (e *entry) holds(t testing.TB) {
	t.Helper()
	alive := e.done == ""
	if got := e.answered(t, "GET", "/verify", ""); (got.status == http.StatusOK) != alive {
		t.Errorf("verify as %s after %q: got %v", e.name, e.done, got)
	}
	if got := e.answered(t, "POST", "/refresh", ""); (got.status == http.StatusOK) != alive {
		t.Errorf("refresh as %s after %q: got %v", e.name, e.done, got)
	}
	for password, want := range map[string]bool{
		guestPassword:   e.done != store.ActionPasswordChanged && e.done != store.ActionUserDisabled,
		changedPassword: e.done == store.ActionPasswordChanged,
	} {
		if got := e.answered(t, "POST", "/login", e.account(password)); (got.status == http.StatusOK) != want {
			t.Errorf("sign in as %s after %q: got %v", e.name, e.done, got)
		}
	}
}

// lost returns the number of entries that the database has not kept.
func (l *ledger) lost(kept func(e *entry) bool) (n int) {
	for _, e := range l.entries {
		if !kept(e) {
			n++
		}
	}
	return n
}

// keptBy returns a function that reports whether the database of a cluster has kept an entry.
func keptBy(t testing.TB, c *storetest.Cluster, database string) func(*entry) bool {
	return func(e *entry) bool {
		statement, args := `SELECT EXISTS (SELECT 1 FROM users u JOIN refresh_tokens r ON r.user_id = u.id WHERE u.username = $1)`, []any{e.name}
		if e.done != "" {
			statement, args = `SELECT EXISTS (SELECT 1 FROM users u JOIN audit_events a ON a.user_id = u.id WHERE u.username = $1 AND a.action = $2)`, append(args, string(e.done))
		}
		return c.Text(t, database, statement, args...) == "true"
	}
}
