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
	pollEvery    = time.Second           // without being told of anything
	pollPause    = 20 * time.Millisecond // at least, however often it is told
	pollTimeout  = 5 * time.Second       // for one reading of what is new
	wholeTimeout = 30 * time.Second      // for one of everything that still matters
	feedSlack    = 5 * time.Minute       // that the clock of who ends something may be slow
)

// FollowEvent is a change in how this process hears of revocations.
type FollowEvent string

// The events.
const (
	ListenerLost FollowEvent = "revocation listener lost" // revocations come by polling
	ListenerBack FollowEvent = "revocation listener back"
	FeedLost     FollowEvent = "revocation feed lost" // for too long, and access tokens are vouched for no more
	FeedBack     FollowEvent = "revocation feed back"
	WentBack     FollowEvent = "the database went back" // to before something that this node knows
	Restored     FollowEvent = "revocations that the database had lost are in it again"
	NewHistory   FollowEvent = "the database was restarted, restored or failed over, and had lost no revocation that this server knows"
	KeyPromoted  FollowEvent = "signing key promoted" // to what the configuration asks for
	KeyClosed    FollowEvent = "the active signing key cannot be opened"
	Replaced     FollowEvent = messageReplaced // for good: nobody is vouched for any more, and the process must end
	ClockDiffers FollowEvent = "the clocks of this server and of the database differ"
	ClockAgrees  FollowEvent = "the clocks of this server and of the database agree again"
	Resumed      FollowEvent = "clients could not be answered until now: the retry windows of their tokens begin anew"
)

// FeedStats is the state of the revocation feed.
type FeedStats struct {
	Entries int           // held in memory
	Contact time.Time     // when the latest successful reading began; zero for never
	Lag     time.Duration // since then
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

// Sync reads what is new in the revocation feed, or all that still matters when
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
		// Whatever answers next may be another server, to which the position means nothing.
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

// catchUp makes a node know of what it has just ended itself, as far as it can.
func (c *Cluster) catchUp(ctx context.Context) {
	if c.feed.current.Load().contact.IsZero() {
		return
	}
	// A client that hangs up must not make the next reading a long one.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pollTimeout)
	defer cancel()
	_ = c.Sync(ctx) // the follower tries again, and tells
}

// Vouches returns nil while this process is near enough to the revocation feed to
// say that a token is good, and an error with [CodeUnavailable] otherwise.
func (c *Cluster) Vouches() error { return c.vouches(c.feed.current.Load()) }

// vouches looks at what was read, and, of a node, at when it could last make that
// known: a node that is thought to be gone is not waited for.
func (c *Cluster) vouches(now *feedSnapshot) error {
	if c.replaced.Load() {
		return &Error{Code: CodeUnavailable, Message: messageReplaced, RetryAfter: time.Second}
	}
	if c.setback.Load() != nil {
		return &Error{Code: CodeUnavailable, Message: "the database went back in time, and this server is bringing its revocations back, try again in a moment", RetryAfter: time.Second}
	}
	announced := c.announced.Load()
	if now.contact.IsZero() || elapsed(now.contact) > c.staleness || (announced != nil && elapsed(*announced) > c.staleness) {
		return &Error{Code: CodeUnavailable, Message: "this server has lost sight of the database, try again in a moment", RetryAfter: time.Second}
	}
	return nil
}

// elapsed is the time since t by the clock that runs on while the machine is
// suspended, or by the one that nobody sets, whichever says more.
func elapsed(t time.Time) time.Duration { return max(time.Since(t), time.Since(t.Round(0))) }

// Join makes this process a node that hears of revocations: it reads the feed,
// makes itself known under n's id, name and version, and goes on reading until ctx
// ends. notice is told of what goes wrong, and when it is right again; applied, if not
// nil, of each reading that brought revocations, and may be told of one twice. leave
// returns when the node has signed off.
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

// follower is the two loops behind [Cluster.Join].
type follower struct {
	cluster *Cluster
	node    store.Node
	notice  func(FollowEvent, error)
	woken   chan struct{}
	saved   time.Time // when the node was
	taken   int       // entries that it had read then
	closed  bool      // the active key was, when it was looked at last
	told    *setback  // the latest that was told of
	differs bool      // the clocks did
}

// follow reads the feed each time it is woken, and at intervals.
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
			f.settleKeys(ctx)
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

// read reads the feed, and lets everybody know how far it got: at once when there
// was something to read or it can sign with other keys, and often enough to be known to
// be alive. A position moves with every commit in the database; while nothing was to be
// read the one that was saved says as much as the newest.
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

// save makes known when the node has read the feed, and how far. To one that nobody
// waited for until now that is not enough: what was revoked since its reading was
// confirmed without it, so that it reads once more before it vouches for anyone.
func (f *follower) save(ctx context.Context) error {
	// Cut short, it might be carried out after the node has signed off.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pollTimeout)
	defer cancel()
	known := f.cluster.feed.current.Load()
	if known.position == "" {
		return nil // forgotten since; the next reading saves
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

// announced reports whether others wait for this node.
func (f *follower) announced() bool {
	at := f.cluster.announced.Load()
	return at != nil && elapsed(*at) <= f.cluster.staleness
}

// settleKeys goes on with a change of keys that the configuration asks for, and tells of
// an active key that this server cannot sign with.
func (f *follower) settleKeys(ctx context.Context) {
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

// signOff may wait for other writers of a busy SQLite file: who does not sign off is waited
// for by others for longer than that.
func (f *follower) signOff(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pollTimeout)
	defer cancel()
	_ = f.cluster.store.RemoveNode(ctx, f.node.ID) // if it fails the row is taken for a node that died
}
