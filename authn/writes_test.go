package authn

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// refusing is a store that refuses a node's announcement with an error.
type refusing struct {
	store.Store
	why atomic.Pointer[error]
}

func (s *refusing) SaveNode(ctx context.Context, n store.Node) error {
	if why := s.why.Load(); why != nil {
		return *why
	}
	return s.Store.SaveNode(ctx, n)
}

func TestANodeKnowsWhetherItsWritesSucceed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		why     error
		failing []bool // after each failure in a row
		says    string
	}{
		"read-only":    {store.ErrReadOnly, []bool{true, true}, "read-only or a standby"},
		"a full disk":  {store.ErrFull, []bool{true, true}, "disk is full"},
		"a lock, once": {store.ErrUnavailable, []bool{false, true, true}, "the log of this server says why"},
		"a fault":      {errors.New("unknown"), []bool{false, true, true}, "the log of this server says why"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			st := &refusing{Store: openSQLite(t)}
			f := newFixture(t, st, nil)
			if err := f.Cluster.Sync(f.ctx); err != nil {
				t.Fatal(err)
			}
			var told []FollowEvent
			node := &follower{cluster: f.Cluster, node: store.Node{ID: uuid.New(), Name: "one"}, notice: func(e FollowEvent, _ error) { told = append(told, e) }}
			save := func(fails bool) {
				t.Helper()
				if err := node.save(f.ctx); (err != nil) != fails {
					t.Fatalf("save: %v", err)
				}
			}
			save(false)
			why := fmt.Errorf("save node: %w", tt.why)
			st.why.Store(&why)
			for i, want := range tt.failing {
				save(true)
				err := f.Cluster.Writes()
				if (err != nil) != want {
					t.Errorf("after %d failures: %v", i+1, err)
				}
				if err != nil && !strings.Contains(err.(*Error).Message, tt.says) {
					t.Errorf("it says %q, want %q", err.(*Error).Message, tt.says)
				}
			}
			st.why.Store(nil)
			save(false)
			if err := f.Cluster.Writes(); err != nil {
				t.Errorf("when it succeeds again: %v", err)
			}
			if len(told) != 2 || told[0] != WritesLost || told[1] != WritesBack {
				t.Errorf("it told %v", told)
			}
		})
	}
}

// TestARequestTellsThatTheDatabaseTakesNoWrites: it tells so until the node has written again.
func TestARequestTellsThatTheDatabaseTakesNoWrites(t *testing.T) {
	t.Parallel()
	f := newFixture(t, openSQLite(t), nil)
	if err := f.Cluster.Sync(f.ctx); err != nil {
		t.Fatal(err)
	}
	node := &follower{cluster: f.Cluster, node: store.Node{ID: uuid.New()}, notice: func(e FollowEvent, err error) { t.Errorf("it told %s: %v", e, err) }}
	for why, want := range map[error]Code{
		fmt.Errorf("rotate: %w", store.ErrFull): CodeUnavailable, store.ErrReadOnly: CodeUnavailable,
		store.ErrUnavailable: "", store.ErrConflict: "", nil: "",
	} {
		f.Cluster.NoteRefusedWrite(why)
		wantCode(t, fmt.Sprint("after ", why), f.Cluster.Writes(), want)
		if err := node.save(f.ctx); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "after a write", f.Cluster.Writes(), "")
	}
}
