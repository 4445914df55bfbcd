package server_test

import (
	"net/http"
	"testing"

	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

func TestEachRequestTakesAsFewRoundTripsAsItCan(t *testing.T) {
	t.Parallel()
	trips := &storetest.RoundTrips{}
	st, err := postgres.Open(t.Context(), postgres.Config{URL: storetest.Postgres(t), MaxConnections: 2, Tracer: trips})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	f := start(t, func(s *setup) { s.store = st }, throttled, knowing(native("cli")))
	b, cli := f.signedIn("alice"), f.app("cli")
	for _, tt := range []struct {
		name   string
		send   func() answer
		status int
		want   int64
	}{
		{"login", func() answer { return b.post("/login", account("alice", password)) }, http.StatusOK, 2},
		{"wrong password", func() answer { return b.post("/login", account("alice", "the wrong password")) }, http.StatusUnauthorized, 2},
		{"unknown user", func() answer { return b.post("/login", account("nobody", password)) }, http.StatusUnauthorized, 2},
		{"login after a failure", func() answer { return b.post("/login", account("alice", password)) }, http.StatusOK, 2},
		{"profile", func() answer { return b.get("/profile") }, http.StatusOK, 1},
		{"refresh", func() answer { return b.post("/refresh", "") }, http.StatusOK, 1},
		{"logout", func() answer { return b.post("/logout", "") }, http.StatusOK, 1},
		{"login of a native client", func() answer { return cli.login("alice") }, http.StatusOK, 2},
		{"refresh of a native client", func() answer { return cli.refresh() }, http.StatusOK, 1},
		{"logout of a native client", func() answer { return cli.post("/logout", cli.refreshBody()) }, http.StatusOK, 1},
	} {
		before := trips.Statements()
		tt.send().want(t, tt.status)
		if got := trips.Statements() - before; got != tt.want {
			t.Errorf("%s took %d round trips, want %d", tt.name, got, tt.want)
		}
	}
}
