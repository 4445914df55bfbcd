package store

import (
	"math"
	"net/netip"
	"strings"
	"time"

	"github.com/google/uuid"
)

// RecordedEvent is an event as the trail has it.
type RecordedEvent struct {
	ID int64 // grows with every event; numbers may be missing
	Event
	Username string // that the user has now; "" when there is no such user any more, or none
}

// EventKey is where an event stands in the trail: the newest is the one with the latest At,
// and of several of one instant the one with the largest ID.
type EventKey struct {
	At time.Time
	ID int64
}

// EventPage selects events, the newest first. Its conditions combine: an event must meet all
// that are set.
type EventPage struct {
	UserID    uuid.UUID    // that it happened to; zero for any
	SessionID uuid.UUID    // that it happened to; zero for any
	Actions   []Action     // one of these; none for any
	Actor     string       // this actor, or one that begins with this and ":" or " "; "" for any
	From      netip.Prefix // from an address in this network; the zero Prefix for any
	Since     time.Time    // at this instant or later; zero for any
	Until     time.Time    // before this instant; zero for any
	Before    EventKey     // only older events than this; zero for the newest
	Limit     int          // look at this many at most, at least 1
}

// Edge is the key that all events of the page come before.
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

// Seldom returns the actions of the page when an index has the events of each of them, which
// is of all but the actions of every sign-in.
func (p EventPage) Seldom() []Action {
	for _, a := range p.Actions {
		if a == ActionLogin || a == ActionLoginFailed {
			return nil
		}
	}
	return p.Actions
}

// OfOperators reports whether all actors of the page are people at the command line, whose
// events an index has.
func (p EventPage) OfOperators() bool { return p.Actor == "cli" || strings.HasPrefix(p.Actor, "cli:") }

// AddressText returns what the text of every address in p.From begins with, and whether that
// is all of it.
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
		if i == bits/16 || part == ":" || part == "0:" { // in another address :: may stand there
			parts = parts[:i]
			break
		}
	}
	return strings.Join(parts, ""), false
}

// FromNetwork reports whether an address, as the trail has it, is in p.From.
func (p EventPage) FromNetwork(remoteAddr string) bool {
	if !p.From.IsValid() {
		return true
	}
	address, err := netip.ParseAddr(remoteAddr)
	return err == nil && p.From.Contains(address.Unmap().WithZone(""))
}

// OldEventPage is a page of the oldest events, as [Events.DeleteEvents] goes through them.
type OldEventPage struct {
	Before time.Time // only events before this instant
	After  EventKey  // only newer events than this; zero for the oldest
	Limit  int       // look at this many at most, at least 1
}
