package authn

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/sqlite"
	"github.com/authctl/authctl/store/storetest"
)

// TestAReplacedDatabaseIsVouchedForByNobody moves another file over the file that a node has
// open.
func TestAReplacedDatabaseIsVouchedForByNobody(t *testing.T) {
	t.Parallel()
	path := storetest.SQLite(t)
	st, err := sqlite.Open(context.Background(), sqlite.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	replaced := make(chan error, 1)
	node := join(t, st, nil, func(e FollowEvent, err error) {
		if e == Replaced {
			replaced <- err
		}
	})
	node.register(t, "alice")
	g := node.signIn(t, "alice")
	if _, err := node.Verify(g.AccessToken); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(storetest.SQLite(t), path); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-replaced:
		if !errors.Is(err, store.ErrReplaced) {
			t.Errorf("the node was told %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the node does not notice")
	}
	_, err = node.Verify(g.AccessToken)
	wantCode(t, "verify", err, CodeUnavailable)
	wantCode(t, "vouches", node.Cluster.Vouches(), CodeUnavailable)
	_, err = node.Refresh(node.ctx, visitor, g.RefreshToken)
	wantCode(t, "refresh", err, CodeUnavailable)
	_, err = node.Register(node.ctx, visitor, Account{Username: "bob", Password: goodPassword})
	wantCode(t, "register", err, CodeUnavailable)
}
