package server_test

import (
	"net/http"
	"testing"

	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

func TestEachRequestTakesAsFewRoundTripsAsItCan(t *testing.T) {
	t.Parallel()
	trips := &roundTrips{}
	st, err := postgres.Open(t.Context(), postgres.Config{URL: storetest.Postgres(t), MaxConnections: 2, Tracer: trips})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	f := start(t, func(s *setup) { s.store = st })
	b := f.signedIn("alice")
	for _, tt := range []struct {
		name string
		send func() answer
		want int64
	}{
		{"login", func() answer { return b.post("/login", account("alice", password)) }, 2},
		{"profile", func() answer { return b.get("/profile") }, 1},
		{"refresh", func() answer { return b.post("/refresh", "") }, 1},
		{"logout", func() answer { return b.post("/logout", "") }, 1},
	} {
		before := trips.count()
		tt.send().want(t, http.StatusOK)
		if got := trips.count() - before; got != tt.want {
			t.Errorf("%s took %d round trips, want %d", tt.name, got, tt.want)
		}
	}
}
