package authn

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

func TestPruningTellsOfItselfAndKeepsWhatItHasDone(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		start := f.now()
		for range 2*prunedAtOnce + 5 {
			if err := f.store.Record(f.ctx, store.Event{Action: store.ActionLoginFailed, At: start, Actor: "anonymous"}); err != nil {
				t.Fatal(err)
			}
		}
		f.advance(time.Hour)
		before := start.Add(time.Minute)
		if n, err := f.CountPrunable(f.ctx, before); err != nil || n != 2*prunedAtOnce+5 {
			t.Errorf("got %d, %v", n, err)
		}
		if _, err := f.PruneEvents(f.ctx, operator, f.now().Add(time.Second), nil); CodeOf(err) != CodeInvalidRequest {
			t.Errorf("the future: got %v", err)
		}
		ctx, stop := context.WithCancel(f.ctx)
		deleted, err := f.PruneEvents(ctx, Actor{Name: "cli:ada", Reason: "law"}, before, func(int64) { stop() })
		if deleted != prunedAtOnce || !errors.Is(err, context.Canceled) {
			t.Errorf("interrupted: got %d, %v", deleted, err)
		}
		if n, err := f.CountPrunable(f.ctx, before); err != nil || n != prunedAtOnce+5 {
			t.Errorf("left: got %d, %v", n, err)
		}
		f.advance(time.Second)
		if deleted, err = f.PruneEvents(f.ctx, operator, f.now(), nil); err != nil || deleted != prunedAtOnce+5 {
			t.Errorf("the rest: got %d, %v", deleted, err)
		}
		events, _, err := f.Events(f.ctx, store.EventPage{Limit: 10})
		if err != nil || len(events) != 2 {
			t.Fatalf("got %+v, %v", events, err)
		}
		first := events[1]
		if want := "events before " + before.UTC().Format(time.RFC3339Nano) + ": law"; first.Action != store.ActionTrailPruned || first.Reason != want || first.Actor != "cli:ada" {
			t.Errorf("got %+v", first)
		}
	})
}
