package cmd_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestAServerOnTheOldPrimaryIsNamed: one of two servers stays with a primary that was replaced
// and not fenced. That server still accepts tokens, so no revocation may claim to hold
// everywhere.
func TestAServerOnTheOldPrimaryIsNamed(t *testing.T) {
	soak(t)
	p := newPair(t)
	cable, throughCable := newCable(t, p.primary.URL(authDB))
	environ := faultEnviron(t, throughCable)
	far := startServe(t, t.TempDir(), append(environ, "AUTHCTL_SERVER_PORT=0", "DATABASE_URL="+p.primary.URL(authDB))...)
	farID := strings.TrimSpace(far.run(t, "node", "list", "-o", "ids"))
	near := startServe(t, t.TempDir(), environ...)
	alice := newGuest(near, "alice")
	alice.join(t)
	alice.url = far.url
	p.standby.CatchUp(t, p.primary)
	p.standby.Promote(t)
	cable.setCut(true)
	cable.lay(t, p.standby.URL(authDB))
	cable.setCut(false)

	eventually(t, func() bool { return strings.Contains(near.run(t, "node", "list", "-o", "json"), `"silent"`) })
	said, exit := near.fails(t, "token", "revoke-all", "--user", "alice", "--yes", "--wait", "1s")
	if exit != 7 || !strings.Contains(said, farID) {
		t.Errorf("got exit code %d, want 7 and %s to be named: %s", exit, farID, said)
	}
	if got := alice.ask("GET", "/verify", ""); got.status != http.StatusOK {
		t.Errorf("at the server on the old primary: got %v; then this test proves nothing", got)
	}
	far.kill(t) // the fence
	near.run(t, "node", "forget", farID, "--yes")
	near.run(t, "token", "revoke-all", "--user", "alice", "--yes")
}
