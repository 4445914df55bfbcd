package store

import (
	"math"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"
)

// RecordedEvent is an event as the trail stores it.
type RecordedEvent struct {
	ID int64 // grows with every event; numbers may be missing
	Event
	Username string // the user's current name; "" when the user is gone, or the event has none
}

// EventKey is an event's position in the trail, which is ordered by At and then by ID.
type EventKey struct {
	At time.Time
	ID int64
}

// EventPage selects a page of events, newest first. An event must meet all conditions that are set.
type EventPage struct {
	UserID    uuid.UUID    // the user it happened to; zero for any
	SessionID uuid.UUID    // the session it happened to; zero for any
	Actions   []Action     // one of these; none for any
	Actor     string       // this actor, or one that begins with this followed by ":" or " "; "" for any
	From      netip.Prefix // from an address in this network; the zero Prefix for any
	Since     time.Time    // at this instant or later; zero for any
	Until     time.Time    // before this instant; zero for any
	Before    EventKey     // only older events than this; zero for the newest
	Limit     int          // max events to read, at least 1
}

// Edge returns the key at which the page begins: all events of the page come before it.
func (p EventPage) Edge() EventKey {
	switch {
	case p.Before != EventKey{}:
		return p.Before
	case !p.Until.IsZero():
		return EventKey{At: p.Until}
	default:
		return EventKey{At: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), ID: math.MaxInt64}
	}
}

// Seldom returns the actions of the page if the index of rare actions has them all, else nil. That
// index has every action except those of sign-ins.
func (p EventPage) Seldom() []Action {
	for _, a := range p.Actions {
		if a == ActionLogin || a == ActionLoginFailed {
			return nil
		}
	}
	return p.Actions
}

// OfOperators reports whether the page asks only for actors at the command line. Their events have
// an index.
func (p EventPage) OfOperators() bool { return p.Actor == "cli" || strings.HasPrefix(p.Actor, "cli:") }

// AddressText returns a text with which every address in p.From begins, and whether it is the whole
// address.
func (p EventPage) AddressText() (text string, whole bool) {
	if !p.From.IsValid() {
		return "", false
	}
	address, bits := p.From.Masked().Addr(), p.From.Bits()
	if p.From.IsSingleIP() {
		return address.String(), true
	}
	if address.Is4() {
		parts := strings.SplitAfter(address.String(), ".")
		return strings.Join(parts[:bits/8], ""), false
	}
	parts := strings.SplitAfter(address.String(), ":")
	for i, part := range parts {
		if i == bits/16 || part == ":" || part == "0:" { // another address may have :: here
			parts = parts[:i]
			break
		}
	}
	return strings.Join(parts, ""), false
}

// FromNetwork reports whether an address, in the form that the trail stores, is in p.From.
func (p EventPage) FromNetwork(remoteAddr string) bool {
	if !p.From.IsValid() {
		return true
	}
	address, err := netip.ParseAddr(remoteAddr)
	return err == nil && p.From.Contains(address.Unmap().WithZone(""))
}

// OldEventPage selects a page of the oldest events, for [Events.DeleteEvents].
type OldEventPage struct {
	Before time.Time // only events before this instant
	After  EventKey  // only newer events than this; zero for the oldest
	Limit  int       // max events to read, at least 1
}
