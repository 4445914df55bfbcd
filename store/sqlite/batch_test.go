package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

var errNothing = errors.New("nothing is to be changed")

func TestRotationsThatWaitShareACommit(t *testing.T) {
	t.Parallel()
	q := newTraffic(t)
	var owners []*owner
	for i := range 64 {
		owners = append(owners, signIn(t, q, fmt.Sprint("user", i)))
	}
	q.stop()
	for _, o := range owners {
		answer := q.ask(func() error { return o.rotate(q) })
		defer func() {
			if err := answer(); err != nil {
				t.Error(err)
			}
		}()
	}
	if n := q.let(); n != 1 {
		t.Errorf("64 rotations took %d commits, want 1", n)
	}
	for _, o := range owners {
		if _, state, err := q.SessionState(t.Context(), o.session); err != nil || state.TokenHash != o.hash(2) {
			t.Fatalf("token %s, want that of step 2: %v", state.TokenHash, err)
		}
	}
}

func TestSignInsAndSignOutsThatWaitShareACommit(t *testing.T) {
	t.Parallel()
	q := newTraffic(t)
	o := signIn(t, q, "alice")
	var calls []func() error
	now := time.Now()
	for i := range 32 {
		n := o.another()
		calls = append(calls, func() error {
			_, err := q.BeginLogin(t.Context(), store.Attempt{At: now, Folded: "alice",
				Here: counter(i), Anywhere: counter(100 + i), Known: store.Place{Slot: -1}})
			return err
		}, func() error {
			started, err := q.StartSession(t.Context(), n, o.event(store.ActionLogin))
			return errors.Join(err, unless(started, "not started"))
		}, func() error {
			return q.FailLogin(t.Context(), 0, store.Ceiling{}, nil, o.event(store.ActionLoginFailed))
		})
	}
	calls = append(calls, func() error {
		ended, err := q.EndUserSession(t.Context(), o.user, o.session, o.event(store.ActionLogout))
		return errors.Join(err, unless(ended, "not ended"))
	})
	q.stop()
	var answers []func() error
	for _, call := range calls {
		answers = append(answers, q.ask(call))
	}
	if n := q.let(); n != 1 {
		t.Errorf("%d changes took %d commits, want 1", len(calls), n)
	}
	for _, answer := range answers {
		if err := answer(); err != nil {
			t.Error(err)
		}
	}
}

func counter(slot int) store.Counter {
	return store.Counter{Slot: int64(slot), Key: 1, Delays: []time.Duration{0}}
}

func unless(ok bool, what string) error {
	if ok {
		return nil
	}
	return errors.New(what)
}

// TestACallerWhoGoesAwayStopsNobody: one caller goes before its change is made, one afterwards.
func TestACallerWhoGoesAwayStopsNobody(t *testing.T) {
	t.Parallel()
	q := newTraffic(t)
	alice := signIn(t, q, "alice")
	early, goEarly := context.WithCancel(t.Context())
	late, goLate := context.WithCancel(t.Context())
	q.stop()
	first := q.ask(func() error { return alice.rotate(q) })
	gone := make(chan struct{})
	after := q.ask(func() error {
		defer close(gone)
		return q.Join(late, func(ctx context.Context, tx *sql.Tx) error { return rename(ctx, tx, "alice", "alicia") })
	})
	going := q.ask(func() error {
		return q.Join(t.Context(), func(context.Context, *sql.Tx) error {
			goEarly()
			goLate()
			<-gone
			return nil
		})
	})
	before := q.ask(func() error {
		return q.Join(early, func(context.Context, *sql.Tx) error {
			t.Error("it was made for nobody")
			return nil
		})
	})
	last := q.ask(func() error { return createUser(q, "bob") })
	if n := q.let(); n != 1 {
		t.Errorf("%d commits, want 1", n)
	}
	if err := errors.Join(first(), going(), last()); err != nil {
		t.Errorf("those who stayed: %v", err)
	}
	for _, gone := range []error{after(), before()} {
		if !errors.Is(gone, store.ErrUnavailable) || !errors.Is(gone, context.Canceled) {
			t.Errorf("got %v, want that the caller went away", gone)
		}
	}
	if _, err := q.User(t.Context(), "alicia"); err != nil {
		t.Errorf("what was made before its caller went: %v", err)
	}
}

// TestWhoWaitsTooLongForOthersIsToldSo: no outage is concluded from that.
func TestWhoWaitsTooLongForOthersIsToldSo(t *testing.T) {
	t.Parallel()
	q := newTraffic(t)
	q.stop()
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(50*time.Millisecond))
	defer cancel()
	answered := make(chan error, 1)
	q.ask(func() error {
		_, err := q.EndSession(ctx, uuid.New(), store.Event{At: time.Now()})
		answered <- err
		return nil
	})
	err := <-answered
	if !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, store.ErrBusy) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want that it is unavailable because others write", err)
	}
	if n := q.let(); n != 0 {
		t.Errorf("%d commits, want none", n)
	}
}

func TestWhatWaitsForAnotherProcessSucceedsTogether(t *testing.T) {
	t.Parallel()
	q := newTraffic(t)
	alice, bob := signIn(t, q, "alice"), signIn(t, q, "bob")
	q.stopBy(q.another())
	answers := []func() error{
		q.ask(func() error { return alice.rotate(q) }),
		q.ask(func() error { return bob.rotate(q) }),
		q.ask(func() error { return createUser(q, "carol") }),
	}
	if n := q.let(); n != 1 {
		t.Errorf("%d commits, want 1", n)
	}
	for _, answer := range answers {
		if err := answer(); err != nil {
			t.Error(err)
		}
	}
}

// TestWhatWaitsForAnotherProcessInVainIsNotMade: SQLite's own patience ends.
func TestWhatWaitsForAnotherProcessInVainIsNotMade(t *testing.T) {
	t.Parallel()
	q := newTraffic(t)
	alice := signIn(t, q, "alice")
	if _, err := q.Writer().ExecContext(t.Context(), `PRAGMA busy_timeout = 200`); err != nil {
		t.Fatal(err)
	}
	q.stopBy(q.another())
	answers := []func() error{
		q.ask(func() error { return alice.rotate(q) }),
		q.ask(func() error { return createUser(q, "carol") }),
	}
	q.answers.Wait()
	for _, answer := range answers {
		if err := answer(); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("got %v, want that it is unavailable", err)
		}
	}
	if n := q.let(); n != 0 {
		t.Errorf("%d commits, want none", n)
	}
	alice.step--
	if err := errors.Join(alice.rotate(q), createUser(q, "carol")); err != nil {
		t.Errorf("once it is free: %v", err)
	}
}
