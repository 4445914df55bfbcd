package authn

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// setback means that the database continues from another history than before: a replica was
// promoted, a backup was restored, or another database has taken its place. It may have lost
// revocations that this node knows. cause is nil when none is known to be lost.
type setback struct{ cause error }

// setbackSince compares a reading with the snapshot from which it began. It returns nil for the
// first reading, and while the history is unchanged.
func setbackSince(from *feedSnapshot, got store.Feed) *setback {
	switch {
	case from.contact.IsZero():
		return nil
	case got.History.System != from.history.System:
		return &setback{fmt.Errorf("another database system answers at this address: %s now, %s before", got.History.System, from.history.System)}
	case got.Installation < from.installation:
		return &setback{fmt.Errorf("the installation's counter is %d now, %d before: a backup was restored, or a failover lost commits", got.Installation, from.installation)}
	case got.History != from.history, got.Whole && from.position != "":
		return &setback{}
	default:
		return nil
	}
}

// overcome writes again what this node knows and the database has lost. Until then the node
// verifies no token: it would refuse tokens that are issued under the older generations.
func (f *follower) overcome(ctx context.Context) error {
	back := f.cluster.setback.Load()
	if back == nil {
		return nil
	}
	if back.cause != nil && f.told != back {
		f.notice(WentBack, back.cause)
		f.told = back
	}
	counters, sessions, err := f.cluster.reapply(ctx, Actor{Name: "node:" + f.node.Name})
	if err != nil {
		return err
	}
	if !f.cluster.setback.CompareAndSwap(back, nil) {
		return errors.New("the database went back in time again")
	}
	switch {
	case counters > 0 || sessions > 0:
		f.notice(Restored, fmt.Errorf("raised %d counters and ended %d sessions again; repeat the password changes, disablings, deletions, changes of roles and rotations of client secrets that were lost", counters, sessions))
	case back.cause == nil:
		f.notice(NewHistory, nil)
	}
	return f.cluster.Sync(ctx)
}

// reapply raises the generations in the database to those that this process remembers, and ends
// again the sessions that it knows to have ended. Where the database has lost a change of rights,
// all the user's tokens need a refresh, also those with the rights that were lost.
func (c *Cluster) reapply(ctx context.Context, a Actor) (counters, sessions int, err error) {
	ctx, cancel := context.WithTimeout(ctx, wholeTimeout)
	defer cancel()
	known, now := c.feed.current.Load(), c.now()
	users, ids := known.remembered(store.NextGeneration(now))
	if counters, err = c.store.RaiseGenerations(ctx, known.installation, nil, a.event(store.ActionRevokedAgain, now)); err != nil {
		return 0, 0, fail(err)
	}
	spared, err := c.spareAgain(ctx, known.spared(users), users, a.event(store.ActionOthersRevoked, now))
	if counters += spared; err != nil {
		return counters, 0, fail(err)
	}
	for batch := range slices.Chunk(slices.SortedFunc(maps.Keys(users), compareIDs), batchSize) {
		low := make(map[uuid.UUID]int64, len(batch))
		for _, id := range batch {
			low[id] = users[id]
		}
		n, err := c.store.RaiseGenerations(ctx, 0, low, a.event(store.ActionRevokedAgain, now))
		if err != nil {
			return counters, sessions, fail(err)
		}
		counters += n
	}
	rights := known.rememberedRights()
	for batch := range slices.Chunk(slices.SortedFunc(maps.Keys(rights), compareIDs), batchSize) {
		low := make(map[uuid.UUID]int64, len(batch))
		for _, id := range batch {
			low[id] = rights[id]
		}
		n, err := c.store.RaiseRights(ctx, low, a.event(store.ActionRightsLost, now))
		if err != nil {
			return counters, sessions, fail(err)
		}
		counters += n
	}
	for batch := range slices.Chunk(ids, batchSize) {
		n, err := c.store.EndSessionsByID(ctx, batch, a.event(store.ActionRevokedAgain, now))
		if err != nil {
			return counters, sessions, fail(err)
		}
		sessions += n
	}
	return counters, sessions, nil
}

// spareAgain ends all sessions of some users except one each, where that was the latest known
// ending and the database has lost it. It removes these users from users, whose generations are to
// be raised: that would end the spared session too.
func (c *Cluster) spareAgain(ctx context.Context, spared map[uuid.UUID]uuid.UUID, users map[uuid.UUID]int64, e store.Event) (n int, err error) {
	for id, session := range spared {
		access, err := c.store.Access(ctx, id, session)
		if err == nil && access.Generation.User < users[id] {
			err = c.store.EndOtherSessions(ctx, id, session, e)
			n++
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) { // ErrNotFound: the user is gone
			return n, err
		}
		delete(users, id)
	}
	return n, nil
}

func compareIDs(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }

// remembered returns the generations of users and the sessions that ended lately. Servers of an
// older release give a deleted user the largest possible number; remembered replaces it by deleted.
func (s *feedSnapshot) remembered(deleted int64) (users map[uuid.UUID]int64, sessions []uuid.UUID) {
	users = map[uuid.UUID]int64{}
	raise := func(id uuid.UUID, generation int64) {
		if generation == math.MaxInt64 {
			generation = deleted
		}
		users[id] = max(users[id], generation)
	}
	for _, r := range s.recent {
		switch {
		case r.Rights != 0:
		case r.SessionID != uuid.Nil:
			sessions = append(sessions, r.SessionID)
		default:
			raise(r.UserID, r.Generation)
		}
	}
	for _, b := range s.buckets {
		sessions = slices.AppendSeq(sessions, maps.Keys(b.sessions))
		for id, generation := range b.users {
			raise(id, generation)
		}
	}
	return users, sessions
}

// rememberedRights returns the generation of rights of each user whose rights have changed lately.
func (s *feedSnapshot) rememberedRights() map[uuid.UUID]int64 {
	rights := map[uuid.UUID]int64{}
	for _, r := range s.recent {
		if r.Rights != 0 {
			rights[r.UserID] = max(rights[r.UserID], r.Rights)
		}
	}
	for _, b := range s.buckets {
		for id, generation := range b.rights {
			rights[id] = max(rights[id], generation)
		}
	}
	return rights
}

// spared returns, for each user, the session that the latest ending of all the user's sessions has
// spared.
func (s *feedSnapshot) spared(users map[uuid.UUID]int64) map[uuid.UUID]uuid.UUID {
	spared := map[uuid.UUID]uuid.UUID{}
	for _, r := range s.recent {
		if r.Spared != uuid.Nil && users[r.UserID] == r.Generation {
			spared[r.UserID] = r.Spared
		}
	}
	for _, b := range s.buckets {
		sessions := map[int64]uuid.UUID{}
		for session, generation := range b.spared {
			sessions[generation] = session
		}
		for id, generation := range b.users {
			if session, ok := sessions[generation]; ok && users[id] == generation {
				spared[id] = session // may be another user's if two have the same number: the store spares only the user's own
			}
		}
	}
	return spared
}
