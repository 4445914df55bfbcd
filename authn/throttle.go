package authn

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/authctl/authctl/store"
)

// AccountLimits delays sign-ins to an account after failures. Failures are counted twice: for the
// account from one address block, and, with a higher allowance, for the account from all addresses.
// Nothing is locked: delays end and sessions live on. From places where an account has signed in
// lately, failures elsewhere cause no delay. The zero value delays nothing.
type AccountLimits struct {
	Free         int           // failures without a delay, from one address block; 0 turns all limits off
	MaxDelay     time.Duration // max delay; delays begin at one second and double
	FreeAnywhere int           // failures without a delay, from all addresses together
	MaxAnywhere  time.Duration
	Ceiling      int // max failures of all accounts within CeilingPer; beyond, accounts can sign in only from known places; 0 for no ceiling
	CeilingPer   time.Duration
	DisableAfter int // consecutive failures that disable the password (NIST SP 800-63B-4, 3.2.2); 0 for never
}

// attemptSlots is the max number of counters of each kind, at some 150 bytes each. A counter whose
// slot belongs to another replaces it and starts at zero.
const attemptSlots = 1 << 18

// placeSlots is the max number of remembered places, pairs of an account and an address block, at
// some 150 bytes each. Only a success can replace another place.
const placeSlots = 1 << 20

const (
	firstDelay    = time.Second
	quietHere     = 15 * time.Minute // without an attempt, after which counting starts again
	quietAnywhere = time.Hour
	knownFor      = 30 * 24 * time.Hour // how long a place counts as known after its latest success
)

// throttle is AccountLimits prepared for use.
type throttle struct {
	AccountLimits
	key            [sha256.Size]byte
	here, anywhere []time.Duration
}

// newThrottle returns nil for limits that delay nothing. The secret makes slots unpredictable, so
// that outsiders cannot choose names whose counters replace those of an account.
func newThrottle(l AccountLimits, secret string) (*throttle, error) {
	if l.Free == 0 {
		return nil, nil
	}
	if err := l.Check().Err(); err != nil {
		return nil, err
	}
	t := &throttle{AccountLimits: l, here: delays(l.Free, l.MaxDelay), anywhere: delays(l.FreeAnywhere, l.MaxAnywhere)}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("authctl login attempts"))
	mac.Sum(t.key[:0])
	return t, nil
}

// delays returns how long to wait after each number of failures. The first free-1 have no delay.
func delays(free int, maxDelay time.Duration) []time.Duration {
	list := make([]time.Duration, free-1)
	for d := firstDelay; d < maxDelay; d *= 2 {
		list = append(list, d)
	}
	return append(list, maxDelay)
}

// ceilingSlots is how many counters share the failures of all accounts.
const ceilingSlots = 64

// ceiling returns the ceiling that applies at an instant.
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

// attempt returns the attempt to sign in to a name, whether or not anybody has the name.
func (t *throttle) attempt(username, folded string, from netip.Prefix, now time.Time) store.Attempt {
	account := "name " + folded
	if folded == "" {
		account = "none " + username
	}
	attempt := t.counted(account, from, now)
	attempt.Folded, attempt.Ceiling = folded, t.ceiling(now)
	return attempt
}

// clientAttempt returns the failed request for a token of the service account of a name, whether or
// not there is one. It does not count toward the ceiling, because replicas with an old secret must
// not keep users from signing in.
func (t *throttle) clientAttempt(name string, from netip.Prefix, now time.Time) store.Attempt {
	return t.counted("client "+name, from, now)
}

// counted returns an attempt that is counted for an account.
func (t *throttle) counted(account string, from netip.Prefix, now time.Time) store.Attempt {
	block := BlockName(from)
	hereHash, hereKey := t.hash("here " + block + " " + account)
	anywhereHash, anywhereKey := t.hash("anywhere " + account)
	return store.Attempt{
		At:       now,
		Address:  block,
		Here:     store.Counter{Slot: int64(hereHash % attemptSlots), Key: hereKey, Delays: t.here, Quiet: quietHere},
		Anywhere: store.Counter{Slot: attemptSlots + int64(anywhereHash%attemptSlots), Key: anywhereKey, Delays: t.anywhere, Quiet: quietAnywhere},
		Known:    store.Place{Slot: int64(hereHash % placeSlots), Key: hereKey, Since: now.Add(-knownFor)},
	}
}

// hash returns the slot for a text, and the key that identifies the text within the slot.
func (t *throttle) hash(of string) (slot uint64, key int64) {
	mac := hmac.New(sha256.New, t.key[:])
	mac.Write([]byte(of))
	var sum [sha256.Size]byte
	mac.Sum(sum[:0])
	return binary.BigEndian.Uint64(sum[:]), int64(binary.BigEndian.Uint64(sum[8:]))
}
