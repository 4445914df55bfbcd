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
	outageAfter = time.Second           // at most, of failures without a success, before they matter
	hangsAfter  = 5 * time.Second       // with no answer to a rotation; the database lets no statement of it take so long
	peerPause   = 50 * time.Millisecond // between two looks at the other nodes
	peerAnswer  = 3 * time.Second       // for a node that runs to answer: it polls each second
)

// outage is when this process could not answer, as far as that is not recorded yet. A client
// whose refresh was carried out then, or just before, has not got its answer, and asks again
// when it can; its retry window begins when it can.
type outage struct {
	joining atomic.Bool // it is not known yet whether others have served while this process did not
	reads   failing
	writes  failing
}

// failing is since when something has only failed.
type failing struct{ since atomic.Pointer[time.Time] }

func (f *failing) fail() { f.failSince(time.Now()) }

func (f *failing) failSince(began time.Time) { f.since.CompareAndSwap(nil, &began) }

func (f *failing) succeed() { f.since.Store(nil) }

// lasted is the time since the first failure; 0 after a success.
func (f *failing) lasted() time.Duration {
	since := f.since.Load()
	if since == nil {
		return 0
	}
	return elapsed(*since)
}

// resuming reports whether this process could not answer until now, and that is not recorded.
// It takes failures for a time to say so.
func (o *outage) resuming(after time.Duration) bool {
	lasted := o.lasted()
	return o.joining.Load() || (lasted > 0 && lasted >= after)
}

func (o *outage) lasted() time.Duration { return max(o.reads.lasted(), o.writes.lasted()) }

// read takes in how a reading of the feed went. That this process itself is too busy is no
// outage: clients can bring that about.
func (o *outage) read(err error) {
	if err != nil && !errors.Is(err, store.ErrBusy) {
		o.reads.fail()
	}
}

// wrote takes in how a rotation went that was sent to the store at began. A database that can be
// read may still take no writes. Neither a client that hangs up nor a request whose time is up
// tells of that, unless the database has left it without an answer, as it does with commits that
// wait for a synchronous standby: the retry window may be over before the client hears of it.
func (o *outage) wrote(began time.Time, err error, after time.Duration) {
	switch {
	case err == nil && o.writes.lasted() < after:
		o.writes.succeed() // else the follower records it first
	case !errors.Is(err, store.ErrUnavailable), errors.Is(err, store.ErrBusy), errors.Is(err, context.Canceled):
	case !errors.Is(err, context.DeadlineExceeded):
		o.writes.fail()
	case elapsed(began) >= hangsAfter:
		o.writes.failSince(began)
	}
}

// outageAfter is short enough for the retry window to be longer than what is not noticed.
func (c *Cluster) outageAfter() time.Duration { return min(outageAfter, c.retry/4) }

// over is for when it has been recorded.
func (o *outage) over() {
	o.joining.Store(false)
	o.reads.succeed()
	o.writes.succeed()
}

// resume records that clients could not be answered until now.
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

// comeBack records an outage after the first reading that succeeds. err is that of the
// reading.
func (f *follower) comeBack(ctx context.Context, err error) {
	o := &f.cluster.outage
	o.read(err)
	switch lasted := o.lasted(); {
	case err != nil || o.joining.Load():
	case lasted > 0 && lasted >= f.cluster.outageAfter():
		if f.resume(ctx, fmt.Sprintf("the database could not be used for %s", lasted.Round(time.Second))) == nil { // else after the next reading
			f.notice(Resumed, nil)
		}
	default:
		o.reads.succeed()
	}
}

// peers returns the other nodes that were seen so lately that they may run, and when. They
// must be read before this node saves itself: of nodes that start at once, one finds none.
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

// begin records, for a node that has just joined, that nobody has served until now, unless
// one of the peers does. Which of them run is not known before one answers, or none does
// for a while; until then this node takes it that it was away.
func (f *follower) begin(ctx context.Context, peers map[uuid.UUID]time.Time) {
	if len(peers) > 0 {
		_ = f.cluster.store.AskNodes(ctx, f.cluster.now()) // they save themselves at intervals as well
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

// answered reports whether one of the peers has saved itself since.
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
