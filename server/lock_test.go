package server_test

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// TestALockThatIsHeldMakesUnavailableAndPasses locks a table. More logins wait for it than
// there are connections.
func TestALockThatIsHeldMakesUnavailableAndPasses(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	st, err := postgres.Open(t.Context(), postgres.Config{URL: url, MaxConnections: 2, StatementTimeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	f := start(t, func(s *setup) { s.store = st })
	b := f.signedIn("alice")

	other, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close(t.Context())
	tx, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE users IN ACCESS EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	var waiting sync.WaitGroup
	var unavailable atomic.Int64
	for range 8 {
		waiting.Go(func() {
			a := f.login("alice", password)
			if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || len(setCookies(a)) != 0 {
				t.Errorf("got %s, want 503", a)
			}
			switch a.code() {
			case string(authn.CodeUnavailable):
				unavailable.Add(1)
			case string(authn.CodeOverloaded): // waited for those who ask the database
			default:
				t.Errorf("got %s, want unavailable or overloaded", a)
			}
		})
	}
	f.send(request{method: "GET", path: "/healthz"}).want(t, http.StatusOK)
	b.get("/verify").want(t, http.StatusOK) // it asks no database
	waiting.Wait()
	if unavailable.Load() == 0 {
		t.Error("nobody was told that the database is away")
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.login("alice", password).want(t, http.StatusOK)
	b.post("/refresh", "").want(t, http.StatusOK)
}
