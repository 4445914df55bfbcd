package authn

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const resumed = string(store.ActionResumed)

// eventually waits for a condition.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after a minute", what)
		}
	}
}

// at sets the clocks of a service to those of another.
func at(f *fixture) func(*Config) {
	return func(cfg *Config) {
		cfg.Now = func() time.Time { return time.UnixMicro(f.clock.Load()) }
		cfg.DatabaseClock = cfg.Now
	}
}

func quiet(FollowEvent, error) {}

// lostAnswer rotates a session's first token at f. The client does not receive the answer, and
// presents the first token again later.
func (f *fixture) lostAnswer(t *testing.T, away time.Duration) (first, second Grant) {
	t.Helper()
	first = f.signIn(t, "alice")
	second = f.refreshed(t, first.RefreshToken)
	f.advance(away)
	return first, second
}

func retried(t *testing.T, what string, f *fixture, first, second Grant) {
	t.Helper()
	g, err := f.Refresh(f.ctx, visitor, first.RefreshToken)
	if err != nil || g.Outcome != store.Retried || g.RefreshToken != second.RefreshToken {
		t.Errorf("%s: got %s, %v, want the successor", what, g.Outcome, err)
	}
}

func TestAServerThatStartsAloneGivesClientsTheTimeToAskAgain(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, f *fixture, db *database) {
		f.register(t, "alice")
		first, second := f.lostAnswer(t, 15*time.Second)
		node := join(t, f.store, at(f), quiet)
		retried(t, "at once", node, first, second)
		eventually(t, "the outage is recorded", func() bool { return db.count(t, resumed) == 1 && !node.Cluster.outage.joining.Load() })
		f.advance(10 * time.Second)
		retried(t, "at the end of the window", node, first, second)
		retried(t, "at another process", f, first, second)
		f.advance(time.Microsecond)
		_, err := node.Refresh(f.ctx, visitor, first.RefreshToken)
		wantCode(t, "later", err, CodeSessionReused)
	})
}

// TestAServerThatDiedIsNotTakenForOneThatServes: a node joins shortly after another was last
// seen, which never answers again.
func TestAServerThatDiedIsNotTakenForOneThatServes(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, f *fixture, db *database) {
		f.register(t, "alice")
		if err := f.Cluster.Sync(f.ctx); err != nil {
			t.Fatal(err)
		}
		known := f.Cluster.feed.current.Load()
		dead := store.Node{ID: uuid.New(), Name: "dead", StartedAt: f.now(), SeenAt: known.clock, Staleness: 30 * time.Second, Position: known.position}
		if err := f.store.SaveNode(f.ctx, dead); err != nil {
			t.Fatal(err)
		}
		first, second := f.lostAnswer(t, 15*time.Second)
		node := join(t, f.store, at(f), quiet)
		retried(t, "while nobody knows", node, first, second)
		eventually(t, "the outage is recorded", func() bool { return db.count(t, resumed) == 1 && !node.Cluster.outage.joining.Load() })
		retried(t, "afterwards", node, first, second)
	})
}

func TestAServerThatJoinsOthersChangesNoWindow(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, f *fixture, db *database) {
		f.register(t, "alice")
		one := join(t, f.store, at(f), quiet)
		eventually(t, "the first has begun", func() bool { return !one.Cluster.outage.joining.Load() })
		f.advance(time.Hour)
		first, _ := f.lostAnswer(t, 15*time.Second)
		two := join(t, f.store, at(f), quiet)
		eventually(t, "the second knows of the first", func() bool { return !two.Cluster.outage.joining.Load() })
		_, err := two.Refresh(f.ctx, visitor, first.RefreshToken)
		wantCode(t, "an old token", err, CodeSessionReused)
		if n := db.count(t, resumed); n != 1 {
			t.Errorf("%d outages are recorded, want that of the first start", n)
		}
	})
}

// broken is a store whose database can be made unavailable, for all operations or for writes.
type broken struct {
	store.Store
	away, readOnly atomic.Bool
}

var errAway = fmt.Errorf("%w: connection refused", store.ErrUnavailable)

func (s *broken) Revocations(ctx context.Context, after store.Position, since time.Time) (store.Feed, error) {
	if s.away.Load() {
		return store.Feed{}, errAway
	}
	return s.Store.Revocations(ctx, after, since)
}

func (s *broken) Rotate(ctx context.Context, r store.Rotation, e store.Event) (store.RotateResult, error) {
	if s.away.Load() || s.readOnly.Load() {
		return store.RotateResult{}, errAway
	}
	return s.Store.Rotate(ctx, r, e)
}

func (s *broken) Resume(ctx context.Context, clock time.Time, e store.Event) error {
	if s.away.Load() || s.readOnly.Load() {
		return errAway
	}
	return s.Store.Resume(ctx, clock, e)
}

// TestWhileTheDatabaseIsAwayNoWindowRuns: the servers survive the outage.
func TestWhileTheDatabaseIsAwayNoWindowRuns(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]func(*broken) *atomic.Bool{
		"away":      func(s *broken) *atomic.Bool { return &s.away },
		"read-only": func(s *broken) *atomic.Bool { return &s.readOnly },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBothDatabases(t, func(t *testing.T, f *fixture, db *database) {
				f.register(t, "alice")
				st := &broken{Store: f.store}
				var told atomic.Int64
				node := join(t, st, at(f), func(e FollowEvent, _ error) {
					if e == Resumed {
						told.Add(1)
					}
				})
				eventually(t, "the start is recorded", func() bool { return !node.Cluster.outage.joining.Load() })
				f.advance(time.Hour)
				first, second := f.lostAnswer(t, 0)
				take(st).Store(true)
				_, err := node.Refresh(f.ctx, visitor, first.RefreshToken)
				wantCode(t, "while it is away", err, CodeUnavailable)
				f.advance(15 * time.Second)
				eventually(t, "the node has noticed", func() bool { return node.Cluster.outage.resuming(node.Cluster.outageAfter()) })
				take(st).Store(false)
				retried(t, "at once", node, first, second)
				eventually(t, "the outage is recorded", func() bool {
					return db.count(t, resumed) == 2 && !node.Cluster.outage.resuming(node.Cluster.outageAfter())
				})
				retried(t, "afterwards", node, first, second)
				retried(t, "at another process", f, first, second)
				if told.Load() != 1 {
					t.Errorf("it was told %d times", told.Load())
				}
				f.advance(10*time.Second + time.Microsecond)
				_, err = node.Refresh(f.ctx, visitor, first.RefreshToken)
				wantCode(t, "later", err, CodeSessionReused)
			})
		})
	}
}

func TestWhatClientsCanBringAboutIsNoOutage(t *testing.T) {
	t.Parallel()
	unavailable := func(causes ...error) error { return fmt.Errorf("%w: %w", store.ErrUnavailable, errors.Join(causes...)) }
	for name, tt := range map[string]struct {
		err           error
		reads, writes bool // it is an outage for
	}{
		"success":            {nil, false, false},
		"connection refused": {errAway, true, true},
		"no answer in time":  {unavailable(context.DeadlineExceeded), true, false}, // a request's time may be up for its client's sake
		"client hung up":     {unavailable(context.Canceled), true, false},
		"too many requests":  {unavailable(store.ErrBusy, context.DeadlineExceeded), false, false},
		"one session, often": {unavailable(store.ErrBusy), false, false},
	} {
		var o outage
		if o.read(tt.err); (o.reads.since.Load() != nil) != tt.reads {
			t.Errorf("%s, of a reading: got %t, want %t", name, !tt.reads, tt.reads)
		}
		if o.wrote(time.Now(), tt.err, outageAfter); (o.writes.since.Load() != nil) != tt.writes {
			t.Errorf("%s, of a rotation: got %t, want %t", name, !tt.writes, tt.writes)
		}
	}
}

// TestARotationThatHangsIsAnOutageBeforeItsClientHearsOfIt: the database does not answer a
// rotation before the request's timeout, for example because there is no synchronous standby.
func TestARotationThatHangsIsAnOutageBeforeItsClientHearsOfIt(t *testing.T) {
	t.Parallel()
	timeUp := fmt.Errorf("%w: %w", store.ErrUnavailable, context.DeadlineExceeded)
	for name, tt := range map[string]struct {
		err    error
		took   time.Duration
		outage bool
	}{
		"without an answer":       {timeUp, 10 * time.Second, true},
		"its time was nearly up":  {timeUp, hangsAfter - time.Second, false},
		"it waited for its turn":  {fmt.Errorf("%w: %w", store.ErrBusy, timeUp), 10 * time.Second, false},
		"its client hung up":      {fmt.Errorf("%w: %w", store.ErrUnavailable, context.Canceled), 10 * time.Second, false},
		"it was slow, and worked": {nil, 10 * time.Second, false},
	} {
		var o outage
		if o.wrote(time.Now().Add(-tt.took), tt.err, outageAfter); o.resuming(outageAfter) != tt.outage {
			t.Errorf("%s: got %t, want %t", name, !tt.outage, tt.outage)
		}
	}
}

func TestAFailureThatIsFollowedBySuccessIsNoOutage(t *testing.T) {
	t.Parallel()
	var o outage
	o.wrote(time.Now(), errAway, outageAfter)
	o.wrote(time.Now(), nil, outageAfter)
	if o.resuming(outageAfter) || o.lasted() != 0 {
		t.Error("it is one")
	}
	long := time.Now().Add(-outageAfter)
	o.writes.since.Store(&long)
	o.wrote(time.Now(), nil, outageAfter)
	if !o.resuming(outageAfter) {
		t.Error("a long one is forgotten before it is recorded")
	}
	if o.over(); o.resuming(outageAfter) {
		t.Error("one that is recorded goes on")
	}
}
