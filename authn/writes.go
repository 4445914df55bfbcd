package authn

import (
	"errors"
	"fmt"
	"sync"

	"github.com/authctl/authctl/store"
)

// Of a node's own writes so many in a row may fail for a reason that passes, such as a lock.
const toleratedWriteFailures = 1

// The events.
const (
	WritesLost FollowEvent = "the database takes no writes"
	WritesBack FollowEvent = "the database takes writes again"
)

// writes is whether the latest changes of this process reached the database.
type writes struct {
	mu     sync.Mutex
	cause  error // of the latest failure since the node last made itself known
	inARow int   // failures of the node to do so
	told   bool  // of cause
}

// Writes returns nil while the database takes writes, as far as this process has seen, and an
// error with [CodeUnavailable] otherwise. A node sees it when it makes itself known, each
// second while that fails.
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

// NoteRefusedWrite takes note of what a request failed with, if that is that the database
// takes no writes.
func (c *Cluster) NoteRefusedWrite(err error) {
	if !refusesWrites(err) {
		return
	}
	c.writes.mu.Lock()
	defer c.writes.mu.Unlock()
	c.writes.cause = err
}

// noteWrite takes note of whether the node could make itself known, and tells of a change.
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
