package cmd_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestFailedSignInsCountOnEveryServerAndAfterARestart: two servers share a database, and the
// test kills one.
func TestFailedSignInsCountOnEveryServerAndAfterARestart(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, environ ...string) {
		start := func() *process {
			return startServe(t, t.TempDir(), append(environ, "AUTHCTL_LIMITS_ENABLED=true", "AUTHCTL_LIMITS_ADDRESS_LOGIN=1000/1m")...)
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
