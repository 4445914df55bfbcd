package authn

import (
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

// TestAUserWhoWasDeletedAndComesBackIsLetIn deletes a user and imports one with the same id,
// as from an export. Tokens of the new user are valid, tokens of the deleted one are not.
func TestAUserWhoWasDeletedAndComesBackIsLetIn(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		alice := f.register(t, "alice")
		page, err := f.CredentialsPage(f.ctx, [16]byte{}, 1)
		if err != nil {
			t.Fatal(err)
		}
		old := f.signIn(t, "alice")
		if err := f.Cluster.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
		f.advance(time.Minute)
		if _, err := f.DeleteUser(f.ctx, operator, "alice"); err != nil {
			t.Fatal(err)
		}
		f.advance(time.Second)
		back, err := f.CheckArrival(Arrival{ID: alice.ID, Username: "alice", PasswordHash: page[0].PasswordHash})
		if err != nil {
			t.Fatal(err)
		}
		if done, err := f.ImportUsers(f.ctx, operator, []store.ImportedUser{back}); err != nil || done[0] != store.Imported {
			t.Fatal(done, err)
		}
		fresh := f.signIn(t, "alice")
		late := newFixture(t, f.store, nil)
		late.advance(2 * time.Minute)
		if err := late.Cluster.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
		for what, server := range map[string]*fixture{"the server": f, "a server that starts later": late} {
			wantCode(t, what+" verifies the new one", verifyError(server, fresh), "")
			wantCode(t, what+" verifies the old one", verifyError(server, old), CodeSessionRevoked)
		}
	})
}
