package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

func TestARegistrationCostsTheRoundTripsOfAnOperatorsNewUser(t *testing.T) {
	t.Parallel()
	var trips storetest.RoundTrips
	s := open(t, postgres.Config{URL: storetest.Postgres(t), MaxConnections: 1, Tracer: &trips})
	create := func(name string, notAfter time.Time) int64 {
		before := trips.All()
		_, err := s.CreateUser(context.Background(), store.NewUser{ID: uuid.New(), Username: name, Folded: name, CreatedAt: at, NotReleasedAfter: notAfter}, login)
		if err != nil {
			t.Fatal(err)
		}
		return trips.All() - before
	}
	create("first", at) // prepares the statements
	const want = 4      // begin, user, event, commit
	if got := create("alice", time.Time{}); got != want {
		t.Errorf("an operator: got %d round trips, want %d", got, want)
	}
	if got := create("bob", at.Add(-time.Hour)); got != want {
		t.Errorf("a stranger: got %d round trips, want %d", got, want)
	}
}
