package cmd_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/authctl/authctl/store/storetest"
)

// TestFailedSignInsCountOnEveryServerAndAfterARestart has two servers share a database, and
// kills one.
func TestFailedSignInsCountOnEveryServerAndAfterARestart(t *testing.T) {
	t.Parallel()
	const secret = "JWT_SECRET=0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
	dir := t.TempDir()
	for name, database := range map[string]string{
		"sqlite":   "DATABASE_URL=sqlite:" + filepath.Join(dir, "authctl.db"),
		"postgres": "DATABASE_URL=" + storetest.Postgres(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := func() *process {
				return startServe(t, dir, database, secret, "AUTHCTL_LIMITS_ENABLED=true", "AUTHCTL_LIMITS_ADDRESS_LOGIN=1000/1m")
			}
			one, two := start(), start()
			c := &http.Client{}
			call(t, c, "POST", one.url+"/register", `{"username":"alice","password":"a password for scripts"}`, nil, http.StatusCreated)
			for i := range 5 {
				p := one
				if i%2 == 1 {
					p = two
				}
				call(t, c, "POST", p.url+"/login", `{"username":"alice","password":"the wrong password"}`, nil, http.StatusUnauthorized)
				call(t, c, "POST", p.url+"/login", `{"username":"nobody","password":"the wrong password"}`, nil, http.StatusUnauthorized)
				if i == 3 {
					one.kill(t)
					one = start()
				}
			}
			for i := 0; ; i++ { // until the delay outlasts this test: the fifth is of a second
				var refused bool
				for _, name := range []string{"alice", "nobody"} {
					status := post(t, c, two.url+"/login", `{"username":"`+name+`","password":"the wrong password"}`)
					refused = status == http.StatusTooManyRequests
					if !refused && status != http.StatusUnauthorized {
						t.Fatalf("got %d", status)
					}
				}
				if refused {
					break
				}
				if i == 10 {
					t.Fatal("neither server holds anybody back")
				}
			}
			if said := two.run(t, "limits", "list"); !strings.Contains(said, "alice") {
				t.Errorf("limits list said %s", said)
			}
		})
	}
}
