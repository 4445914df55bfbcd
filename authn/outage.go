package authn

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const (
	outageAfter = time.Second           // max time of failures without a success that is not yet an outage
	hangsAfter  = 5 * time.Second       // a rotation without an answer for this long hangs: no statement of it may take so long
	peerPause   = 50 * time.Millisecond // between two queries of the other nodes
	peerAnswer  = 3 * time.Second       // a running node answers within this time: it polls each second
)

// outage tracks when this process could not answer, until that is recorded in the database. A
// client whose refresh was carried out during or just before an outage may not have received the
// answer. It asks again when it can, so its retry window begins at the end of the outage.
type outage struct {
	joining atomic.Bool // it is not yet known whether other nodes have served meanwhile
	reads   failing
	writes  failing
}

// failing records since when an operation has only failed.
type failing struct{ since atomic.Pointer[time.Time] }

func (f *failing) fail() { f.failSince(time.Now()) }

func (f *failing) failSince(began time.Time) { f.since.CompareAndSwap(nil, &began) }

func (f *failing) succeed() { f.since.Store(nil) }

// lasted returns the time since the first failure; 0 after a success.
func (f *failing) lasted() time.Duration {
	since := f.since.Load()
	if since == nil {
		return 0
	}
	return elapsed(*since)
}

// resuming reports whether this process could not answer until now and that is not recorded yet.
// Failures count once they have lasted for the time after.
func (o *outage) resuming(after time.Duration) bool {
	lasted := o.lasted()
	return o.joining.Load() || (lasted > 0 && lasted >= after)
}

func (o *outage) lasted() time.Duration { return max(o.reads.lasted(), o.writes.lasted()) }

// read records the result of a reading of the feed. A process that is merely too busy has no
// outage, because clients could cause that.
func (o *outage) read(err error) {
	if err != nil && !errors.Is(err, store.ErrBusy) {
		o.reads.fail()
	}
}

// wrote records the result of a rotation that was sent to the store at began. A database that can
// be read may still refuse writes. A client that hangs up and a request that times out prove
// nothing, with one exception: the database did not answer in time, as happens with commits that
// wait for a synchronous standby. The retry window may then be over before the client receives the
// answer.
func (o *outage) wrote(began time.Time, err error, after time.Duration) {
	switch {
	case err == nil && o.writes.lasted() < after:
		o.writes.succeed() // otherwise the follower must record it first
	case !errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrBusy), errors.Is(err, context.Canceled):
	case !errors.Is(err, context.DeadlineExceeded):
		o.writes.fail()
	case elapsed(began) >= hangsAfter:
		o.writes.failSince(began)
	}
}

// outageAfter returns how long failures must last to be an outage. The retry window is longer, so
// that it covers shorter failures.
func (c *Cluster) outageAfter() time.Duration { return min(outageAfter, c.retry/4) }

// over ends the outage after it was recorded.
func (o *outage) over() {
	o.joining.Store(false)
	o.reads.succeed()
	o.writes.succeed()
}

// resume records in the database that clients could not be answered until now.
func (f *follower) resume(ctx context.Context, why string) error {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	a := Actor{Name: "node:" + f.node.Name, Reason: why}
	if err := f.cluster.store.Resume(ctx, f.cluster.database(), a.event(store.ActionResumed, f.cluster.now())); err != nil {
		return fail(err)
	}
	f.cluster.outage.over()
	return nil
}

// comeBack records an outage after the first successful reading. err is the result of the reading.
func (f *follower) comeBack(ctx context.Context, err error) {
	o := &f.cluster.outage
	o.read(err)
	switch lasted := o.lasted(); {
	case err != nil || o.joining.Load():
	case lasted > 0 && lasted >= f.cluster.outageAfter():
		if f.resume(ctx, fmt.Sprintf("the database could not be used for %s", lasted.Round(time.Second))) == nil { // if it fails, the next reading tries again
			f.notice(Resumed, nil)
		}
	default:
		o.reads.succeed()
	}
}

// peers returns the other nodes that were seen recently enough to be running, and when each was
// seen. It must run before this node saves itself: of several nodes that start at once, one then
// finds none.
func (f *follower) peers(ctx context.Context) (map[uuid.UUID]time.Time, error) {
	nodes, err := f.cluster.store.Nodes(ctx, f.cluster.now())
	if err != nil {
		return nil, fail(err)
	}
	seen := map[uuid.UUID]time.Time{}
	for _, n := range nodes {
		if n.ID != f.node.ID && n.Silent < n.Staleness/6+peerAnswer {
			seen[n.ID] = n.SeenAt
		}
	}
	return seen, nil
}

// begin records, for a node that has just joined, that nobody has served until now, unless a peer
// runs. That is known once a peer answers, or none does for a while. Until then this node assumes
// that there was an outage.
func (f *follower) begin(ctx context.Context, peers map[uuid.UUID]time.Time) {
	if len(peers) > 0 {
		_ = f.cluster.store.AskNodes(ctx, f.cluster.now()) // if it fails, they still save themselves at intervals
	}
	for began := time.Now(); ctx.Err() == nil; {
		answered, err := f.answered(ctx, peers)
		switch {
		case err == nil && answered:
			f.cluster.outage.joining.Store(false)
			return
		case err == nil && (len(peers) == 0 || time.Since(began) >= peerAnswer):
			if f.resume(ctx, "no other server was running") == nil {
				return
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(peerPause):
		}
	}
}

// answered reports whether a peer has saved itself since peers was called.
func (f *follower) answered(ctx context.Context, peers map[uuid.UUID]time.Time) (bool, error) {
	if len(peers) == 0 {
		return false, nil
	}
	nodes, err := f.cluster.nodesWithin(ctx, f.cluster.now(), pollTimeout)
	if err != nil {
		return false, fail(err)
	}
	for _, n := range nodes {
		if seen, ok := peers[n.ID]; ok && n.SeenAt.After(seen) {
			return true, nil
		}
	}
	return false, nil
}
