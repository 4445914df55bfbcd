package authn

import (
	"context"
	"errors"
	"time"

	"github.com/authctl/authctl/store"
)

const (
	watchPause    = 100 * time.Millisecond // before the first attempt to watch again
	watchMaxPause = 5 * time.Second        // max time between two attempts
)

// watch wakes the follower when the store reports new revocations. It starts again when watching
// fails.
func (f *follower) watch(ctx context.Context) {
	pause := watchPause
	lost := false
	for ctx.Err() == nil {
		err := f.cluster.store.WatchRevocations(ctx, func() {
			if lost {
				f.notice(ListenerBack, nil)
				lost = false
			}
			pause = watchPause
			select {
			case f.woken <- struct{}{}:
			default: // it is awake already
			}
		})
		if errors.Is(err, store.ErrReplaced) {
			f.cluster.replaced.Store(true)
			f.notice(Replaced, err)
			return
		}
		f.cluster.feed.forget() // another server may answer now
		if ctx.Err() == nil && !lost {
			f.notice(ListenerLost, err)
			lost = true
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, watchMaxPause)
	}
}
