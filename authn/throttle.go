package authn

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/authctl/authctl/store"
)

// AccountLimits is how failed sign-ins slow the next ones of the same account down. Each is
// counted for the account from its address block, and, with more patience, for the account from
// anywhere. Nothing locks: the delays end, sessions go on, and where an account has signed in
// lately nobody elsewhere can hold it up. The zero value slows nothing down.
type AccountLimits struct {
	Free         int           // failures without a delay, from one address block; 0 for no limits at all
	MaxDelay     time.Duration // delays begin at one second and double up to this
	FreeAnywhere int           // the same from all addresses together
	MaxAnywhere  time.Duration
	Ceiling      int // failures of all accounts within CeilingPer; then only where an account has signed in lately it may go on; 0 for no ceiling
	CeilingPer   time.Duration
	DisableAfter int // failures without a success between them that disable the password (NIST SP 800-63B-4, 3.2.2); 0 for never
}

// attemptSlots is how many counters of each kind there may be, at some 150 bytes each. A
// counter that meets another in its slot begins anew.
const attemptSlots = 1 << 18

// placeSlots is how many pairs of an account and an address block may be remembered where it has
// signed in, at some 150 bytes each. Only successes take the place of others.
const placeSlots = 1 << 20

const (
	firstDelay    = time.Second
	quietHere     = 15 * time.Minute // without an attempt, after which counting begins anew
	quietAnywhere = time.Hour
	knownFor      = 30 * 24 * time.Hour // since the latest success from an address block
)

// Validate returns an error, fit for a person, when the limits are out of range.
func (l AccountLimits) Validate() error {
	switch {
	case l.Free < 1 || l.Free > 100 || l.FreeAnywhere < l.Free || l.FreeAnywhere > 1000:
		return fmt.Errorf("free failures must satisfy 1 <= %d <= 100, and %d <= %d (anywhere) <= 1000", l.Free, l.Free, l.FreeAnywhere)
	case l.MaxDelay < firstDelay || l.MaxDelay > 24*time.Hour || l.MaxAnywhere < firstDelay || l.MaxAnywhere > time.Hour:
		return fmt.Errorf("delays must be 1s to 24h (%s), and 1s to 1h from anywhere (%s)", l.MaxDelay, l.MaxAnywhere)
	case l.Ceiling < 0 || l.Ceiling > 0 && (l.CeilingPer < time.Second || l.CeilingPer > time.Hour):
		return fmt.Errorf("failures of all accounts must be 0 or more per 1s to 1h, not %d per %s", l.Ceiling, l.CeilingPer)
	case l.DisableAfter != 0 && (l.DisableAfter < l.Free || l.DisableAfter > 100):
		return fmt.Errorf("failures that disable a password must be 0 for never, or %d to 100, not %d", l.Free, l.DisableAfter)
	}
	return nil
}

// throttle is AccountLimits in a form that is ready to use.
type throttle struct {
	AccountLimits
	key            [sha256.Size]byte
	here, anywhere []time.Duration
}

// newThrottle returns nil for limits that slow nothing down. The secret keeps outsiders from
// choosing names whose counters meet that of an account.
func newThrottle(l AccountLimits, secret string) (*throttle, error) {
	if l.Free == 0 {
		return nil, nil
	}
	if err := l.Validate(); err != nil {
		return nil, err
	}
	t := &throttle{AccountLimits: l, here: delays(l.Free, l.MaxDelay), anywhere: delays(l.FreeAnywhere, l.MaxAnywhere)}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("authctl login attempts"))
	mac.Sum(t.key[:0])
	return t, nil
}

// delays lists how long to wait after each failure: not at all before the last free one.
func delays(free int, most time.Duration) []time.Duration {
	list := make([]time.Duration, free-1)
	for d := firstDelay; d < most; d *= 2 {
		list = append(list, d)
	}
	return append(list, most)
}

// ceilingSlots is how many counters share the failures of all accounts.
const ceilingSlots = 64

// ceiling is what counts the failures of all accounts at an instant.
func (t *throttle) ceiling(now time.Time) store.Ceiling {
	if t.Ceiling == 0 {
		return store.Ceiling{}
	}
	window := now.UnixMicro() / t.CeilingPer.Microseconds()
	return store.Ceiling{
		Max: t.Ceiling, First: 2 * attemptSlots, Slots: ceilingSlots, Slot: 2*attemptSlots + rand.Int64N(ceilingSlots),
		Window: window, Until: time.UnixMicro((window + 1) * t.CeilingPer.Microseconds()).UTC(),
	}
}

// attempt is a try to sign in to a name, whether or not anybody has it.
func (t *throttle) attempt(username, folded string, from netip.Prefix, now time.Time) store.Attempt {
	account := "name " + folded
	if folded == "" {
		account = "none " + username
	}
	block := BlockName(from)
	hereHash, hereKey := t.hash("here " + block + " " + account)
	anywhereHash, anywhereKey := t.hash("anywhere " + account)
	return store.Attempt{
		At:       now,
		Folded:   folded,
		Address:  block,
		Here:     store.Counter{Slot: int64(hereHash % attemptSlots), Key: hereKey, Delays: t.here, Quiet: quietHere},
		Anywhere: store.Counter{Slot: attemptSlots + int64(anywhereHash%attemptSlots), Key: anywhereKey, Delays: t.anywhere, Quiet: quietAnywhere},
		Ceiling:  t.ceiling(now),
		Known:    store.Place{Slot: int64(hereHash % placeSlots), Key: hereKey, Since: now.Add(-knownFor)},
	}
}

// hash returns what chooses a slot, and whose the slot then is.
func (t *throttle) hash(of string) (slot uint64, key int64) {
	mac := hmac.New(sha256.New, t.key[:])
	mac.Write([]byte(of))
	var sum [sha256.Size]byte
	mac.Sum(sum[:0])
	return binary.BigEndian.Uint64(sum[:]), int64(binary.BigEndian.Uint64(sum[8:]))
}
