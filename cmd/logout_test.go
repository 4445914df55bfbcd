package cmd_test

import (
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/authctl/authctl/store/storetest"
)

// TestALogoutDuringAnOutageIsNotForgotten: a user signs out while the database is cut off. The
// session ends when the database is back. A server that stops before that names the session in
// its log.
func TestALogoutDuringAnOutageIsNotForgotten(t *testing.T) {
	t.Parallel()
	database := storetest.Postgres(t)
	cable, url := newCable(t, database)
	environ := []string{"DATABASE_URL=" + url, "JWT_SECRET=" + randomSecret()}
	p := startServe(t, t.TempDir(), environ...)
	alice := newClient(p, "alice")
	call(t, &alice.Client, "POST", p.url+"/register", alice.account(), nil, http.StatusCreated)

	signOut := func() (session string, cookie http.Header) {
		t.Helper()
		alice.signIn(t)
		session = alice.session(t)
		cookie = http.Header{"Cookie": {"access_token=" + alice.access + "; refresh_token=" + alice.refresh}}
		cable.setCut(true)
		said := call(t, &alice.Client, "POST", p.url+"/logout", "", cookie, http.StatusServiceUnavailable)
		if !strings.Contains(said, "as soon as the database answers again") {
			t.Errorf("it says %s", said)
		}
		call(t, &alice.Client, "GET", p.url+"/verify", "", cookie, http.StatusUnauthorized)
		return session, cookie
	}
	list := func() string {
		p.environ = append(p.environ, "DATABASE_URL="+database) // past the cable
		return p.run(t, "token", "list", "-o", "ids")
	}

	_, cookie := signOut()
	cable.setCut(false)
	eventually(t, func() bool { return list() == "" })
	call(t, &alice.Client, "POST", p.url+"/refresh", "", cookie, http.StatusUnauthorized)

	session, _ := signOut()
	p.command.Process.Signal(syscall.SIGTERM)
	<-p.ended
	if said := p.said(t); !strings.Contains(said, "authctl token revoke SESSION") || !strings.Contains(said, `"`+session+`"`) {
		t.Errorf("the log does not say that %s is left: %s", session, said)
	}
	if got := strings.TrimSpace(list()); got != session {
		t.Errorf("the sessions are %q, want %s", got, session)
	}
	if said, exit := p.fails(t, "token", "revoke", session, "--wait", "0s"); exit != 7 { // the server could not sign off
		t.Errorf("exit %d: %s", exit, said)
	}
	if got := list(); got != "" {
		t.Errorf("the sessions are %q", got)
	}
}
