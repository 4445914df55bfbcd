package storetest

import (
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// expected is a rotation and what it leads to.
type expected struct {
	name    string
	user    store.User
	session store.Session // afterwards
	token   string        // that is presented
	r       store.Rotation
	outcome store.Outcome
	leads   []store.Sealed // for Retried
	got     *rotated
}

func (o *expected) want() store.RotateResult {
	switch o.outcome {
	case store.Rotated, store.Retried:
		result := store.NewRotateResult(o.outcome, o.session, o.user)
		result.Successors = o.leads
		return result
	}
	return store.RotateResult{Outcome: o.outcome}
}

// events returns what the rotation writes to the trail.
func (o *expected) events() []store.Event {
	e := about(refresh(noon), o.user.ID, o.r.SessionID)
	switch o.outcome {
	case store.Reused:
		e.Action = store.ActionSessionReused
	case store.Lost, store.Revoked, store.Disabled:
		e.Action, e.Reason = store.ActionRefreshRefused, o.outcome.String()
	default:
		return nil
	}
	return []store.Event{e}
}

// everyOutcome prepares a session for each way in which a rotation may end, and one that can be
// rotated between each two of them.
func (f *fixture) everyOutcome() (all []*expected) {
	f.Helper()
	for _, c := range []struct {
		name    string
		outcome store.Outcome
		// prepare changes a session whose token is named after the case, or the rotation
		prepare func(o *expected)
	}{
		{"retried", store.Retried, func(o *expected) { f.replace(o, 1, noon) }},
		{"retried at the end of the window", store.Retried, func(o *expected) { f.replace(o, 1, noon); o.at(noon.Add(window)) }},
		{"retried, three steps back", store.Retried, func(o *expected) { f.replace(o, 3, noon) }},
		{"reused, too late", store.Reused, func(o *expected) { f.replace(o, 1, noon); o.at(noon.Add(window + time.Microsecond)) }},
		{"reused, without a window", store.Reused, func(o *expected) { f.replace(o, 1, noon); o.r.RetryWindow = 0 }},
		{"reused, forged", store.Reused, func(o *expected) { o.r.TokenHash = hashOf("forged") }},
		{"lost", store.Lost, func(o *expected) { o.r.TokenHash, o.r.Step = hashOf("from the future"), 1<<40 }},
		{"expired", store.Expired, func(o *expected) { o.at(noon.Add(idle)) }},
		{"expired long ago, and forged", store.Expired, func(o *expected) { o.at(noon.Add(2 * lifetime)); o.r.TokenHash = hashOf("forged") }},
		{"just before the expiry", store.Rotated, func(o *expected) { o.at(noon.Add(idle - time.Microsecond)) }},
		{"revoked", store.Revoked, func(o *expected) {
			f.endAll(f.store, store.OfUser(o.user.ID), event(store.ActionSessionsRevoked, noon))
		}},
		{"disabled", store.Disabled, func(o *expected) {
			_, err := f.store.DisableUser(f.ctx, o.user.ID, event(store.ActionUserDisabled, noon))
			f.ok("disable", err)
		}},
		{"unknown, ended", store.Unknown, func(o *expected) {
			_, err := f.store.EndSession(f.ctx, o.r.SessionID, event(store.ActionLogout, noon))
			f.ok("end session", err)
		}},
		{"unknown, of nobody", store.Unknown, func(o *expected) { o.r.SessionID = uuid.New() }},
		{"unknown, zero", store.Unknown, func(o *expected) { o.r.SessionID = uuid.Nil }},
	} {
		for _, name := range []string{"before " + c.name, c.name} {
			u := f.user(name)
			n := f.newSession(u, name)
			n.Step = 3
			f.start(n)
			o := &expected{name: name, user: u, session: listed(n, u), token: name, outcome: store.Rotated, r: rotation(n.ID, name, name+" next", noon)}
			o.at(noon)
			all = append(all, o)
			if len(all)%2 == 0 {
				o.outcome = c.outcome
				c.prepare(o)
			}
		}
	}
	return all
}

// at presents the token at another instant.
func (o *expected) at(at time.Time) {
	o.r.At, o.r.ExpiresAt, o.r.Clock = at, at.Add(idle), at
	if o.outcome != store.Retried {
		o.session.LastUsedAt, o.session.ExpiresAt = at, at.Add(idle)
	}
}

// replace rotates the token away, several times.
func (f *fixture) replace(o *expected, times int, at time.Time) {
	f.Helper()
	from := o.token
	for range times {
		to := from + "'"
		equal(f, "outcome", f.outcome(o.r.SessionID, from, to, at), store.Rotated)
		o.leads = append(o.leads, sealedAs(to))
		from = to
	}
	if o.outcome != store.Retried {
		o.leads = nil
	}
}
