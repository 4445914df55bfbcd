package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// atOnce sends a request 64 times side by side, and counts the answers by status.
func (f *fixture) atOnce(r func(i int) request, each func(answer)) map[int]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	got, from := map[int]int{}, make(chan struct{})
	for i := range 64 {
		wg.Go(func() {
			<-from
			a := f.send(r(i))
			mu.Lock()
			defer mu.Unlock()
			got[a.status]++
			each(a)
		})
	}
	close(from)
	wg.Wait()
	return got
}

func parallelResets(t *testing.T, f *fixture) {
	b := f.withEmail("alice", "alice@example.com")
	token := f.forgotten("alice", "alice@example.com")
	var winner atomic.Int64
	got := f.atOnce(func(i int) request {
		return request{method: "POST", path: "/password/reset", body: fields("token", token, "new_password", fmt.Sprint(newPassword, " ", i)),
			header: map[string]string{"X-Request-Id": fmt.Sprint("reset-", i)}}
	}, func(a answer) {
		if a.status == http.StatusOK {
			var i int64
			fmt.Sscanf(a.header.Get("X-Request-Id"), "reset-%d", &i)
			winner.Store(i)
		} else if a.status == http.StatusBadRequest && a.code() != string(authn.CodeInvalidLink) {
			t.Errorf("got %s", a)
		}
	})
	// On a slow machine some get no answer of the database in time.
	if got[http.StatusOK] != 1 || got[http.StatusOK]+got[http.StatusBadRequest]+got[http.StatusServiceUnavailable] != 64 {
		t.Errorf("the answers are %v", got)
	}
	f.login("alice", fmt.Sprint(newPassword, " ", winner.Load())).want(t, http.StatusOK)
	b.post("/refresh", "").want(t, http.StatusUnauthorized)
}

func parallelVerifications(t *testing.T, f *fixture) {
	f.send(request{method: "POST", path: "/register", body: fields("username", "bob", "password", password, "email", "bob@example.com")}).want(t, http.StatusCreated)
	token := f.link(store.MailVerify, "bob@example.com")
	first := 0
	got := f.atOnce(func(int) request {
		return request{method: "POST", path: "/email/verify", body: fields("token", token)}
	}, func(a answer) {
		if strings.Contains(string(a.body), `"already_verified":false`) {
			first++
		}
	})
	if got[http.StatusOK]+got[http.StatusServiceUnavailable] != 64 || first != 1 { // a slow machine has no time for all
		t.Errorf("the answers are %v, %d of them the first", got, first)
	}
}
