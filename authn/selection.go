package authn

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const (
	selectPage = 1000 // sessions that are read, or ended, at a time
	newestKept = 5    // sessions that are shown of a selection

	usersToldApart = 1_000_000 // at most, in a selection that is narrowed: 16 bytes and more each
)

// Selection says which sessions. Its conditions combine: a session must meet all
// that are set.
type Selection struct {
	Users        []store.User // whose; none for everybody's
	IssuedBefore time.Time    // signed in before this; zero for any
	From         netip.Prefix // signed in from an address in this network; the zero Prefix for any
	Except       uuid.UUID    // not this one; zero for none
}

// Whole reports whether the selection is every session of its users, so that a
// generation ends it at once, however many they are.
func (sel Selection) Whole() bool {
	return sel.IssuedBefore.IsZero() && !sel.From.IsValid() && sel.Except == uuid.Nil
}

// includes reports whether a session of the right user is selected.
func (sel Selection) includes(s store.Session) bool {
	if s.ID == sel.Except || (!sel.IssuedBefore.IsZero() && !s.CreatedAt.Before(sel.IssuedBefore)) {
		return false
	}
	if !sel.From.IsValid() {
		return true
	}
	addr, err := netip.ParseAddr(s.RemoteAddr)
	return err == nil && sel.From.Contains(addr.Unmap())
}

// Scopes returns the selection's users, one by one.
func (sel Selection) Scopes() []store.Scope {
	if len(sel.Users) == 0 {
		return []store.Scope{store.Everyone()}
	}
	var scopes []store.Scope
	for _, u := range sel.Users {
		scopes = append(scopes, store.OfUser(u.ID))
	}
	return scopes
}

// Selected is how much a selection covers.
type Selected struct {
	store.SessionCount
	MoreUsers bool            // than Users, which is as many as are told apart
	Newest    []store.Session // at most five, newest first; only when they were asked for
}

// Count returns how many live sessions are selected, and which are the newest when
// that is asked for. It reads page after page, for as long as that takes. When it fails,
// what was counted until then is returned beside the error.
func (s *Service) Count(ctx context.Context, sel Selection, newest bool) (total Selected, err error) {
	if sel.Whole() {
		for _, scope := range sel.Scopes() {
			n, err := s.CountSessions(ctx, scope)
			total.Sessions += n.Sessions
			total.Users += n.Users
			if err != nil {
				return total, err
			}
		}
		if !newest {
			return total, nil
		}
	}
	users := map[uuid.UUID]struct{}{}
	err = s.eachSelected(ctx, sel, func(page []store.Session) error {
		total.Newest = append(total.Newest, page...)
		slices.SortFunc(total.Newest, func(a, b store.Session) int { return b.CreatedAt.Compare(a.CreatedAt) })
		total.Newest = total.Newest[:min(len(total.Newest), newestKept)]
		if sel.Whole() {
			return nil // they are counted
		}
		total.Sessions += int64(len(page))
		for _, one := range page {
			if _, known := users[one.UserID]; !known && len(users) == usersToldApart {
				total.MoreUsers = true
				continue
			}
			users[one.UserID] = struct{}{}
		}
		total.Users = int64(len(users))
		return nil
	})
	return total, err
}

// Revoked is what a revocation has ended.
type Revoked struct {
	Generation int64 // that is current now, of the installation or of the last user; 0 when sessions were ended one by one
	Scopes     int   // users whose sessions have all ended; 1 for everybody
	Sessions   int64 // those that were ended one by one
}

// Any reports whether anything was ended.
func (r Revoked) Any() bool { return r.Scopes > 0 || r.Sessions > 0 }

// Revoke ends what is selected. A whole selection ends at once for each user, or for
// everybody. Any other is a list of sessions, ended in batches. When it fails in the
// middle, what was ended stays ended, and is returned beside the error.
func (s *Service) Revoke(ctx context.Context, a Actor, sel Selection) (done Revoked, err error) {
	if !sel.Whole() {
		err := s.eachSelected(ctx, sel, func(page []store.Session) error {
			e := a.event(store.ActionSessionRevoked, s.now()) // now: an entry counts from when its session ended
			ids := make([]uuid.UUID, len(page))
			for i := range page {
				ids[i] = page[i].ID
			}
			n, err := s.store.EndSessionsByID(ctx, ids, e)
			done.Sessions += int64(n)
			return err
		})
		s.Cluster.catchUp(ctx)
		return done, err
	}
	for _, scope := range sel.Scopes() {
		generation, err := s.EndSessions(ctx, a, scope)
		if err != nil {
			return done, err
		}
		done.Generation = generation
		done.Scopes++
	}
	return done, nil
}

// eachSelected calls do with the live sessions that are selected, page by page.
func (s *Service) eachSelected(ctx context.Context, sel Selection, do func([]store.Session) error) error {
	for _, scope := range sel.Scopes() {
		next := s.pages(ctx, scope)
		for last := false; !last; {
			var sessions []store.Session
			var err error
			if sessions, last, err = next(); err != nil {
				return err
			}
			selected := slices.DeleteFunc(sessions, func(one store.Session) bool { return !sel.includes(one) })
			if len(selected) == 0 {
				continue
			}
			if err := do(selected); err != nil {
				return fail(err)
			}
		}
	}
	return nil
}

// pages returns what reads the pages of the live sessions in scope: everybody's by id, a
// user's newest first.
func (s *Service) pages(ctx context.Context, scope store.Scope) func() (sessions []store.Session, last bool, err error) {
	if scope.Everyone() {
		page := store.SessionPage{Limit: selectPage}
		return func() ([]store.Session, bool, error) {
			sessions, next, err := s.Sessions(ctx, page)
			page.After = next
			return sessions, next == uuid.Nil, err
		}
	}
	page := store.UserSessionPage{UserID: scope.UserID(), Limit: selectPage}
	return func() ([]store.Session, bool, error) {
		sessions, err := s.UserSessions(ctx, page)
		if len(sessions) > 0 {
			oldest := sessions[len(sessions)-1]
			page.Before = store.Age{CreatedAt: oldest.CreatedAt, ID: oldest.ID}
		}
		return sessions, len(sessions) < selectPage, err
	}
}
