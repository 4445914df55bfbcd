package authn

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/authctl/authctl/store"
)

const (
	pollEvery    = time.Second           // max time between two readings
	pollPause    = 20 * time.Millisecond // min time between two readings
	pollTimeout  = 5 * time.Second       // for one reading of new entries
	wholeTimeout = 30 * time.Second      // for one reading of everything that still matters
	feedSlack    = 5 * time.Minute       // how far a revoking process's clock may be slow
)

// FollowEvent is a change in how this process receives revocations.
type FollowEvent string

// The events.
const (
	ListenerLost FollowEvent = "revocation listener lost" // revocations come by polling
	ListenerBack FollowEvent = "revocation listener back"
	FeedLost     FollowEvent = "revocation feed lost" // for too long; access tokens can no longer be verified
	FeedBack     FollowEvent = "revocation feed back"
	WentBack     FollowEvent = "the database went back in time" // to a state before something that this node knows
	Restored     FollowEvent = "revocations that the database lost are written to it again"
	NewHistory   FollowEvent = "the database was restarted, restored or failed over, and lost no revocation that this server knows"
	KeyPromoted  FollowEvent = "signing key promoted" // the configured key is now the active one
	KeyClosed    FollowEvent = "the active signing key cannot be opened"
	Replaced     FollowEvent = messageReplaced // permanent: no token is accepted any more, and the process must end
	ClockDiffers FollowEvent = "the clocks of this server and of the database differ"
	ClockAgrees  FollowEvent = "the clocks of this server and of the database agree again"
	Resumed      FollowEvent = "clients could not be answered until now: the retry windows of their tokens start again"
)

// FeedStats is the state of the revocation feed.
type FeedStats struct {
	Entries int           // revocations in memory
	Contact time.Time     // when the latest successful reading began; zero for never
	Lag     time.Duration // since Contact
}

// FeedStats returns the figures of the revocation feed.
func (c *Cluster) FeedStats() FeedStats {
	now := c.feed.current.Load()
	stats := FeedStats{Entries: now.entries(), Contact: now.contact}
	if !now.contact.IsZero() {
		stats.Lag = elapsed(now.contact)
	}
	return stats
}

// Sync reads the new entries of the revocation feed. It reads everything that still matters if
// nothing was read yet or the latest reading failed.
func (c *Cluster) Sync(ctx context.Context) error {
	contact, now := time.Now(), c.now()
	from := c.feed.current.Load()
	timeout := pollTimeout
	if from.position == "" {
		timeout = wholeTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	got, err := c.store.Revocations(ctx, from.position, now.Add(-c.feed.window))
	if err != nil {
		if errors.Is(err, store.ErrReplaced) {
			c.replaced.Store(true)
		}
		// Another server may answer next, for which the position has no meaning.
		c.feed.forget()
		return fail(err)
	}
	c.clocks.compare(contact, got.Clock, time.Now())
	if got.Whole || slices.ContainsFunc(got.Entries, func(r store.Revocation) bool { return r.Keys }) {
		if err := c.keys.sync(ctx); err != nil {
			c.feed.forget()
			return err
		}
	}
	if back := setbackSince(from, got); back != nil {
		c.setback.Store(back)
		if c.announced.Load() != nil {
			c.announced.Store(&time.Time{}) // the node's row may be lost as well
		}
	}
	c.feed.read(got, from, contact, now)
	if applied := c.applied.Load(); applied != nil && len(got.Entries) > 0 {
		(*applied)(got)
	}
	return nil
}

// catchUp makes a node read the revocations that it has just written, if it can.
func (c *Cluster) catchUp(ctx context.Context) {
	if c.feed.current.Load().contact.IsZero() {
		return
	}
	// A client that hangs up must not make the next reading a long one.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pollTimeout)
	defer cancel()
	_ = c.Sync(ctx) // the follower tries again and reports errors
}

// Vouches returns nil while this process has read the revocation feed recently enough to verify
// tokens. Otherwise it returns an error with [CodeUnavailable].
func (c *Cluster) Vouches() error { return c.vouches(c.feed.current.Load()) }

// vouches checks when the feed was last read. A node must also have announced itself recently,
// because others do not wait for a node that they consider dead.
func (c *Cluster) vouches(now *feedSnapshot) error {
	if c.replaced.Load() {
		return &Error{Code: CodeUnavailable, Message: messageReplaced, RetryAfter: time.Second}
	}
	if c.setback.Load() != nil {
		return &Error{Code: CodeUnavailable, Message: "the database went back in time, and this server is restoring its revocations, try again in a moment", RetryAfter: time.Second}
	}
	announced := c.announced.Load()
	if now.contact.IsZero() || elapsed(now.contact) > c.staleness || (announced != nil && elapsed(*announced) > c.staleness) {
		return &Error{Code: CodeUnavailable, Message: "this server has lost contact with the database, try again in a moment", RetryAfter: time.Second}
	}
	return nil
}

// elapsed returns the time since t, by the wall clock or by the monotonic clock, whichever gives
// more. The former counts while the machine is suspended; nobody can set the latter.
func elapsed(t time.Time) time.Duration { return max(time.Since(t), time.Since(t.Round(0))) }

// Join makes this process a node that receives revocations. It reads the feed, announces the node
// under n's id, name and version, and keeps reading until ctx ends. It calls notice when something
// fails, and when it works again. It calls applied, if not nil, after each reading with
// revocations; the same one may come twice. leave returns once the node has been removed.
func (c *Cluster) Join(ctx context.Context, n store.Node, notice func(FollowEvent, error), applied func(store.Feed)) (leave func(), err error) {
	if applied != nil {
		c.applied.Store(&applied)
	}
	if err := c.Sync(ctx); err != nil {
		return nil, err
	}
	if _, err := c.store.TakeOverNodes(ctx); err != nil {
		return nil, fail(err)
	}
	f := &follower{cluster: c, node: n, notice: notice, woken: make(chan struct{}, 1)}
	f.node.StartedAt, f.node.Staleness, f.node.AccessTTL = c.now(), c.staleness, c.accessTTL
	peers, err := f.peers(ctx)
	if err != nil {
		return nil, err
	}
	c.outage.joining.Store(true)
	if err := f.save(ctx); err != nil {
		return nil, err
	}
	var running sync.WaitGroup
	running.Go(func() { f.begin(ctx, peers) })
	running.Go(func() { f.watch(ctx) })
	running.Go(func() { f.follow(ctx) })
	running.Go(func() { c.finishLogouts(ctx, notice) })
	return running.Wait, nil
}

// follower runs the two loops behind [Cluster.Join].
type follower struct {
	cluster *Cluster
	node    store.Node
	notice  func(FollowEvent, error)
	woken   chan struct{}
	saved   time.Time // when the node's row was last saved
	taken   int       // the snapshot's taken at that time
	closed  bool      // the active key was closed at the last check
	told    *setback  // the latest reported setback
	differs bool      // the clocks differed at the last check
}

// follow reads the feed at intervals, and each time that it is woken.
func (f *follower) follow(ctx context.Context) {
	defer f.signOff(ctx)
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	lost := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.woken:
		case <-ticker.C:
		}
		err := f.read(ctx)
		f.comeBack(ctx, err)
		f.compareClocks()
		if err == nil {
			f.reconcileKeys(ctx)
		}
		switch vouches := f.cluster.Vouches() == nil; {
		case ctx.Err() != nil:
			return
		case !lost && !vouches:
			f.notice(FeedLost, err)
			lost = true
		case lost && vouches:
			f.notice(FeedBack, nil)
			lost = false
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pollPause):
		}
	}
}

// read reads the feed and announces how far it got. The position advances with every commit, so it
// is saved only when something was read, keys changed, or a heartbeat is due.
func (f *follower) read(ctx context.Context) error {
	if err := f.cluster.Sync(ctx); err != nil {
		return err
	}
	if err := f.overcome(ctx); err != nil {
		return err
	}
	if f.announced() && f.cluster.feed.current.Load().taken == f.taken && f.cluster.keys.access.ring.Load().held() == f.node.Keys && time.Since(f.saved) < f.cluster.staleness/6 && f.cluster.Writes() == nil {
		return nil
	}
	return f.save(ctx)
}

// save announces when the node last read the feed, and how far. A node that was not in the table
// yet reads once more before it vouches: nobody waited for it when later revocations were
// confirmed.
func (f *follower) save(ctx context.Context) error {
	// An interrupted statement might be executed after the node's row was removed.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pollTimeout)
	defer cancel()
	known := f.cluster.feed.current.Load()
	if known.position == "" {
		return nil // an operator has removed the node; the next reading saves it again
	}
	f.node.SeenAt, f.node.Position, f.node.Keys = known.clock, known.position, f.cluster.keys.access.ring.Load().held()
	err := f.cluster.store.SaveNode(ctx, f.node)
	if f.noteWrite(err); err != nil {
		return fail(err)
	}
	f.saved, f.taken = time.Now(), known.taken
	if !f.announced() {
		if err := f.cluster.Sync(ctx); err != nil {
			return err
		}
	}
	f.cluster.announced.Store(&known.contact)
	return nil
}

// announced reports whether other processes wait for this node.
func (f *follower) announced() bool {
	at := f.cluster.announced.Load()
	return at != nil && elapsed(*at) <= f.cluster.staleness
}

// reconcileKeys continues a change of keys that the configuration asks for. It also reports an
// active key that this server cannot sign with.
func (f *follower) reconcileKeys(ctx context.Context) {
	id, err := f.cluster.keys.promoteNext(ctx, Actor{Name: "node:" + f.node.Name})
	if err == nil && id != "" {
		f.notice(KeyPromoted, nil)
	}
	closed := f.cluster.keys.reading.open.Load() && f.cluster.keys.SigningID() == ""
	if closed && !f.closed {
		f.notice(KeyClosed, errCannotSign.Err)
	}
	f.closed = closed
}

// signOff removes the node's row. It may wait for other writers of a busy SQLite file: others would
// wait longer for a node that has not signed off.
func (f *follower) signOff(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pollTimeout)
	defer cancel()
	_ = f.cluster.store.RemoveNode(ctx, f.node.ID) // if it fails, the node counts as dead
}
