package authn

import (
	"context"
	"fmt"
	"time"

	"github.com/authctl/authctl/store"
)

const (
	countedAtOnce = 20_000 // events per page of a count
	prunedAtOnce  = 1000   // events per page of a deletion; on SQLite other writers wait for each page
)

// Events reads one page of the audit trail, newest first, and returns the events that p selects.
// The key is the one to continue before, zero when none is left.
func (s *Service) Events(ctx context.Context, p store.EventPage) ([]store.RecordedEvent, store.EventKey, error) {
	events, next, err := s.store.Events(ctx, p)
	if err != nil {
		return nil, store.EventKey{}, fail(err)
	}
	return events, next, nil
}

// CountPrunable returns how many events PruneEvents would delete.
func (s *Service) CountPrunable(ctx context.Context, before time.Time) (total int64, err error) {
	for page := (store.OldEventPage{Before: before, Limit: countedAtOnce}); ; {
		n, next, err := s.store.CountEvents(ctx, page)
		total += int64(n)
		if err != nil {
			return total, fail(err)
		}
		if next == (store.EventKey{}) {
			return total, nil
		}
		page.After = next
	}
}

// PruneEvents deletes the events before an instant, oldest first, and calls each, if not nil, with
// the running total. It keeps the events of earlier prunes. The first deletion writes one event for
// all of them. Stopping it at any time keeps what was deleted; the count is returned beside the
// error. It fails with [CodeInvalidRequest] for an instant in the future.
func (s *Service) PruneEvents(ctx context.Context, a Actor, before time.Time, each func(deleted int64)) (deleted int64, err error) {
	now := s.now()
	if before.After(now) {
		return 0, refuse(CodeInvalidRequest, "events of the future cannot be pruned: "+before.UTC().Format(time.RFC3339)+" is not over")
	}
	e := a.event(store.ActionTrailPruned, now)
	e.Reason = fmt.Sprintf("events before %s", before.UTC().Format(time.RFC3339Nano))
	if a.Reason != "" {
		e.Reason = truncate(e.Reason+": "+a.Reason, maxReason)
	}
	for page := (store.OldEventPage{Before: before, Limit: prunedAtOnce}); ; {
		n, next, err := s.store.DeleteEvents(ctx, page, e)
		deleted += int64(n)
		if err != nil {
			return deleted, fail(err)
		}
		if each != nil {
			each(deleted)
		}
		if next == (store.EventKey{}) {
			return deleted, nil
		}
		page.After = next
	}
}
