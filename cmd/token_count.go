package cmd

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// countTimeout limits how long the count of sessions may delay a revocation, or the question
// before it.
const countTimeout = 500 * time.Millisecond

// count counts the selected sessions. A dry run counts all, however long that takes. Otherwise
// the count stops after [countTimeout]: many millions of sessions, or a slow database, must not
// delay the revocation.
func (o *revokeAllOptions) count(ctx context.Context, svc *authn.Service, filter authn.SessionFilter) (sessionCount, error) {
	if o.dryRun {
		n, err := svc.CountAndNewest(ctx, filter)
		return sessionCount{Counted: n, whole: true}, err
	}
	counting, cancel := context.WithTimeout(ctx, countTimeout)
	defer cancel()
	n, err := svc.Count(counting, filter)
	if err != nil && (ctx.Err() != nil || !errors.Is(err, store.ErrUnavailable)) {
		return sessionCount{}, err
	}
	return sessionCount{Counted: n, whole: err == nil}, nil
}

// sessionCount is the count of the selected sessions.
type sessionCount struct {
	authn.Counted
	whole bool // all of them were counted; else there are at least so many
}

// what describes the selected sessions.
func (o *revokeAllOptions) what(filter authn.SessionFilter, n sessionCount) string {
	sessions, users := count(n.Sessions, "session"), count(n.Users, "user")
	switch {
	case n.whole && n.MoreUsers:
		return sessions + " of more than " + users
	case n.whole:
		return sessions + " of " + users
	case n.Sessions > 0:
		return "at least " + sessions + " of at least " + users
	}
	whose := "everybody"
	if !o.everyone {
		whose = strings.Join(o.users, ", ")
	}
	if !filter.Whole() {
		return "the selected sessions of " + whose + ", not counted in time"
	}
	return "the sessions of " + whose + ", not counted in time"
}
