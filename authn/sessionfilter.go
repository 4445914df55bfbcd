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
	batchSize  = 1000 // rows that are read or changed at a time
	newestKept = 5    // sessions in Counted.Newest

	usersToldApart = 1_000_000 // max distinct users to count with a narrow filter: each takes at least 16 bytes
)

// SessionFilter says which sessions to count or to end. A session must meet all conditions that are set.
type SessionFilter struct {
	Users        []store.User // owners of the sessions; none for everybody
	IssuedBefore time.Time    // signed in before this; zero for any
	From         netip.Prefix // signed in from an address in this network; the zero Prefix for any
	Except       uuid.UUID    // a session to leave out; zero for none
}

// Whole reports whether every session of the users matches. Raising a generation ends all of them at
// once, however many they are.
func (f SessionFilter) Whole() bool {
	return f.IssuedBefore.IsZero() && !f.From.IsValid() && f.Except == uuid.Nil
}

// includes reports whether a session of one of the users matches.
func (f SessionFilter) includes(s store.Session) bool {
	if s.ID == f.Except || (!f.IssuedBefore.IsZero() && !s.CreatedAt.Before(f.IssuedBefore)) {
		return false
	}
	if !f.From.IsValid() {
		return true
	}
	addr, err := netip.ParseAddr(s.RemoteAddr)
	return err == nil && f.From.Contains(addr.Unmap())
}

// Scopes returns one scope for each user of the filter, or that of everybody.
func (f SessionFilter) Scopes() []store.Scope {
	if len(f.Users) == 0 {
		return []store.Scope{store.Everyone()}
	}
	var scopes []store.Scope
	for _, u := range f.Users {
		scopes = append(scopes, store.OfUser(u.ID))
	}
	return scopes
}

// Counted is how many live sessions match a filter.
type Counted struct {
	store.SessionCount
	MoreUsers bool            // there are more users than Users counts
	Newest    []store.Session // up to five sessions, newest first; Count may leave it empty
}

// Count returns how many live sessions match the filter. It reads pages of sessions only for a filter
// that selects a part of a user's sessions. When it fails, it returns the count so far beside the error.
func (s *Service) Count(ctx context.Context, filter SessionFilter) (total Counted, err error) {
	if !filter.Whole() {
		return s.CountAndNewest(ctx, filter)
	}
	for _, scope := range filter.Scopes() {
		n, err := s.CountSessions(ctx, scope)
		total.Sessions += n.Sessions
		total.Users += n.Users
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// CountAndNewest returns how many live sessions match the filter, and the newest of them. It reads
// all pages. When it fails, it returns the count so far beside the error.
func (s *Service) CountAndNewest(ctx context.Context, filter SessionFilter) (total Counted, err error) {
	if filter.Whole() {
		if total, err = s.Count(ctx, filter); err != nil {
			return total, err
		}
	}
	users := map[uuid.UUID]struct{}{}
	err = s.eachFiltered(ctx, filter, func(page []store.Session) error {
		total.Newest = append(total.Newest, page...)
		slices.SortFunc(total.Newest, func(a, b store.Session) int { return b.CreatedAt.Compare(a.CreatedAt) })
		total.Newest = total.Newest[:min(len(total.Newest), newestKept)]
		if filter.Whole() {
			return nil // counted above
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

// Revoked is the result of a revocation.
type Revoked struct {
	Generation int64 // the new generation of the installation or of the last user; 0 when sessions were ended one by one
	Scopes     int   // users whose sessions have all ended; 1 for everybody
	Sessions   int64 // sessions that were ended one by one
}

// Any reports whether anything was ended.
func (r Revoked) Any() bool { return r.Scopes > 0 || r.Sessions > 0 }

// Revoke ends the sessions that match the filter. If the filter is whole, they end at once for each
// user, or for everybody. Otherwise they end in batches. When it fails in the middle, the sessions
// ended so far stay ended, and are returned beside the error.
func (s *Service) Revoke(ctx context.Context, a Actor, filter SessionFilter) (done Revoked, err error) {
	if !filter.Whole() {
		err := s.eachFiltered(ctx, filter, func(page []store.Session) error {
			e := a.event(store.ActionSessionRevoked, s.now()) // now, because an entry counts from the end of its session
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
	for _, scope := range filter.Scopes() {
		generation, err := s.EndSessions(ctx, a, scope)
		if err != nil {
			return done, err
		}
		done.Generation = generation
		done.Scopes++
	}
	return done, nil
}

// eachFiltered calls do with the live sessions that match the filter, page by page.
func (s *Service) eachFiltered(ctx context.Context, filter SessionFilter, do func([]store.Session) error) error {
	for _, scope := range filter.Scopes() {
		next := s.pages(ctx, scope)
		for last := false; !last; {
			var sessions []store.Session
			var err error
			if sessions, last, err = next(); err != nil {
				return err
			}
			matching := slices.DeleteFunc(sessions, func(one store.Session) bool { return !filter.includes(one) })
			if len(matching) == 0 {
				continue
			}
			if err := do(matching); err != nil {
				return fail(err)
			}
		}
	}
	return nil
}

// pages returns a function that reads the next page of live sessions in scope: everybody's by id, a
// user's newest first.
func (s *Service) pages(ctx context.Context, scope store.Scope) func() (sessions []store.Session, last bool, err error) {
	if scope.Everyone() {
		page := store.SessionPage{Limit: batchSize}
		return func() ([]store.Session, bool, error) {
			sessions, next, err := s.Sessions(ctx, page)
			page.After = next
			return sessions, next == uuid.Nil, err
		}
	}
	page := store.UserSessionPage{UserID: scope.UserID(), Limit: batchSize}
	return func() ([]store.Session, bool, error) {
		sessions, err := s.UserSessions(ctx, page)
		if len(sessions) > 0 {
			oldest := sessions[len(sessions)-1]
			page.Before = store.Age{CreatedAt: oldest.CreatedAt, ID: oldest.ID}
		}
		return sessions, len(sessions) < batchSize, err
	}
}
