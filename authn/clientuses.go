package authn

import (
	"net/netip"
	"sync"
	"time"
)

const (
	maxClientUses = 2048           // in each of two halves
	auditUseEvery = time.Hour      // min time between two audit events of one use
	useKnownFor   = 24 * time.Hour // how long a use counts as known after the latest token
)

// use is a good secret of a service account, and an address block from which it is used.
type use struct {
	hash string
	from netip.Prefix
}

// clientUses remembers from where secrets were used lately, in this process. Only a good secret gets
// in. The zero value is ready. It is safe for concurrent use.
type clientUses struct {
	mu         sync.Mutex
	young, old map[use]useTimes // a full young becomes old
}

type useTimes struct{ latest, audited time.Time }

// note remembers a use at an instant, and reports whether it is to be audited.
func (u *clientUses) note(of use, now time.Time) (audit bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	times := u.find(of)
	audit = now.Sub(times.audited) >= auditUseEvery || now.Before(times.audited) // a clock may be set back
	times.latest = now
	if audit {
		times.audited = now
	}
	if _, ok := u.young[of]; !ok && (u.young == nil || len(u.young) >= maxClientUses) {
		u.old, u.young = u.young, map[use]useTimes{}
	}
	u.young[of] = times
	return audit
}

// knows reports whether a use was noted lately.
func (u *clientUses) knows(of use, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	latest := u.find(of).latest
	return !latest.IsZero() && now.Sub(latest) < useKnownFor
}

// forget removes a use.
func (u *clientUses) forget(of use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.young, of)
	delete(u.old, of)
}

func (u *clientUses) find(of use) useTimes {
	if times, ok := u.young[of]; ok {
		return times
	}
	return u.old[of]
}
