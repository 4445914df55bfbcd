package cmd_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/store/storetest"
)

// unready waits until a server is not ready, for the given reason.
func (p *process) unready(t testing.TB, reason string) {
	t.Helper()
	eventually(t, func() bool {
		said, exit := p.health(t)
		return exit == 6 && strings.Contains(said, reason)
	})
}

func (p *process) isReady(t testing.TB) {
	t.Helper()
	eventually(t, func() bool { _, exit := p.health(t); return exit == 0 })
}

// health asks whether the server is ready.
func (p *process) health(t testing.TB) (said string, exit int) {
	t.Helper()
	c := p.prepare("health", "--ready", "--url", p.url)
	out, err := c.CombinedOutput()
	if err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), c.ProcessState.ExitCode()
}

// refusesWrites checks that a signed-in user can still read, and that a failed write does not
// sign the user out. reads is the statuses that a read may have.
func (v *guest) refusesWrites(t testing.TB, reads ...int) {
	t.Helper()
	for _, path := range []string{"/verify", "/profile", "/sessions"} {
		if got := v.ask("GET", path, ""); !slices.Contains(reads, got.status) {
			t.Errorf("GET %s: got %v, want %v", path, got, reads)
		}
	}
	for path, body := range map[string]string{"/refresh": "", "/login": v.account(guestPassword), "/register": fmt.Sprintf(`{"username":"x%s","password":%q}`, v.name, guestPassword)} {
		if got := v.ask("POST", path, body); got.status != http.StatusServiceUnavailable || got.code != "unavailable" {
			t.Errorf("POST %s: got %v, want 503 unavailable", path, got)
		}
	}
}

// TestASwitchoverBehindOneAddressIsFollowed: one address leads to a read-only database, and
// then to a writable one again, while earlier connections stay open.
func TestASwitchoverBehindOneAddressIsFollowed(t *testing.T) {
	t.Parallel()
	database := storetest.Postgres(t)
	name := database[strings.LastIndex(database, "/authctl_test_")+1:]
	name, _, _ = strings.Cut(name, "?")
	cable, url := newCable(t, database)
	p := startServe(t, t.TempDir(), "DATABASE_URL="+url, "JWT_SECRET="+randomSecret(), "AUTHCTL_LOG_LEVEL=info")
	alice := newGuest(p, "alice")
	alice.join(t)
	p.isReady(t)

	alter := func(value string) {
		t.Helper()
		storetest.Execute(t, "ALTER DATABASE "+name+" SET default_transaction_read_only = "+value)
	}
	alter("on")
	cable.setCut(true)
	cable.setCut(false)
	p.unready(t, "read-only or a standby")
	alice.refusesWrites(t, http.StatusOK)
	eventually(t, func() bool { return strings.Contains(p.said(t), "the database takes no writes") }) // the server itself has seen it
	alter("off")
	p.isReady(t)
	if got := alice.renew(); got.status != http.StatusOK {
		t.Errorf("refresh: got %v", got)
	}
	eventually(t, func() bool { return strings.Contains(p.said(t), "the database takes writes again") })
}

// TestAStandbyIsNotReady does the same with a primary and its standby. Open connections stay
// where they are when the cable leads elsewhere.
func TestAStandbyIsNotReady(t *testing.T) {
	soak(t)
	pair := newPair(t)
	cable, url := newCable(t, pair.primary.URL(authDB))
	p := startServe(t, t.TempDir(), "DATABASE_URL="+url, "JWT_SECRET="+randomSecret())
	alice := newGuest(p, "alice")
	alice.join(t)
	p.isReady(t)
	pair.standby.CatchUp(t, pair.primary)

	cable.lay(t, pair.standby.URL(authDB))
	cable.setCut(true)
	cable.setCut(false)
	p.unready(t, "read-only or a standby")
	alice.refusesWrites(t, http.StatusOK, http.StatusServiceUnavailable) // the latter once the server has read of another history, which it cannot put right there
	if said, exit := p.fails(t, "user", "create", "bob", "--generate"); exit != 6 || !strings.Contains(said, "must lead to the primary") {
		t.Errorf("user create: exit %d, %s", exit, said)
	}
	p.run(t, "user", "list")
	cable.lay(t, pair.primary.URL(authDB)) // and no connection breaks
	p.isReady(t)
	if got := alice.renew(); got.status != http.StatusOK {
		t.Errorf("refresh: got %v", got)
	}
}
