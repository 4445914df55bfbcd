package authn

import (
	"testing"
	"time"
)

// TestARevocationInAHistoryThatEndedIsNotConfirmed: the database fails over between a
// revocation and the confirmation of the nodes. The new primary does not have the revocation.
func TestARevocationInAHistoryThatEndedIsNotConfirmed(t *testing.T) {
	t.Parallel()
	st := &hindered{Store: openPostgres(t)}
	f := newFixture(t, st, nil)
	if err := f.Cluster.NoteHistory(f.ctx); err != nil {
		t.Fatal(err)
	}
	if reach, err := f.Cluster.AwaitRevocations(f.ctx, time.Second); err != nil || reach.Moved {
		t.Errorf("in the same history: got %t, %v", reach.Moved, err)
	}
	st.Store = openPostgres(t)
	if reach, err := f.Cluster.AwaitRevocations(f.ctx, time.Second); err != nil || !reach.Moved {
		t.Errorf("in another: got %t, %v", reach.Moved, err)
	}
}
