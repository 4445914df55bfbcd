package authn

import (
	"errors"
	"fmt"
	"sync"

	"github.com/authctl/authctl/store"
)

// toleratedWriteFailures is how many consecutive writes of a node may fail for a transient reason, such as a lock.
const toleratedWriteFailures = 1

// The events.
const (
	WritesLost FollowEvent = "the database takes no writes"
	WritesBack FollowEvent = "the database takes writes again"
)

// writes records whether the latest changes of this process reached the database.
type writes struct {
	mu     sync.Mutex
	cause  error // the latest failure since the node last announced itself; nil for none
	inARow int   // consecutive failures to announce itself
	told   bool  // cause was reported
}

// Writes returns nil while the database takes writes, as far as this process knows, and an error
// with [CodeUnavailable] otherwise. A node notices a change when it announces itself, each second
// while that fails.
func (c *Cluster) Writes() error {
	c.writes.mu.Lock()
	defer c.writes.mu.Unlock()
	return c.writes.failure()
}

func (w *writes) failure() error {
	refused := refusesWrites(w.cause)
	if w.cause == nil || (!refused && w.inARow <= toleratedWriteFailures) {
		return nil
	}
	e := &Error{Code: CodeUnavailable, Message: "changes do not reach the database, the log of this server says why", Err: fmt.Errorf("the latest write: %w", w.cause)}
	if refused {
		e.Message = fail(w.cause).(*Error).Message
	}
	return e
}

func refusesWrites(err error) bool {
	return errors.Is(err, store.ErrReadOnly) || errors.Is(err, store.ErrFull)
}

// NoteRefusedWrite records the error of a request if it means that the database takes no writes.
func (c *Cluster) NoteRefusedWrite(err error) {
	if !refusesWrites(err) {
		return
	}
	c.writes.mu.Lock()
	defer c.writes.mu.Unlock()
	c.writes.cause = err
}

// noteWrite records whether the node could announce itself, and reports a change.
func (f *follower) noteWrite(err error) {
	w := &f.cluster.writes
	w.mu.Lock()
	w.cause = err
	if w.inARow++; err == nil {
		w.inARow = 0
	}
	failure := w.failure()
	told := w.told
	w.told = failure != nil
	w.mu.Unlock()
	switch {
	case failure != nil && !told:
		f.notice(WritesLost, err)
	case failure == nil && told:
		f.notice(WritesBack, nil)
	}
}
