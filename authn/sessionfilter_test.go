package authn

import (
	"testing"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// TestARevocationThatFailsInTheMiddleSaysHowFarItGot names a user who is deleted meanwhile.
func TestARevocationThatFailsInTheMiddleSaysHowFarItGot(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		alice := f.register(t, "alice")
		g := f.signIn(t, "alice")
		gone := store.User{ID: uuid.New(), Username: "bob"}
		done, err := f.Revoke(f.ctx, visitor, SessionFilter{Users: []store.User{alice, gone, alice}})
		wantCode(t, "revoke", err, CodeUserNotFound)
		if want := (Revoked{Generation: store.NextGeneration(f.now()), Scopes: 1}); done != want || !done.Any() {
			t.Errorf("got %+v, want %+v", done, want)
		}
		_, err = f.Refresh(f.ctx, visitor, g.RefreshToken)
		wantCode(t, "refresh", err, CodeSessionRevoked)
	})
}
