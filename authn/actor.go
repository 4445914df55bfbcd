package authn

import (
	"time"

	"github.com/authctl/authctl/store"
)

// Actor is who asks for an operation, and from where. It goes into the audit trail.
type Actor struct {
	Name       string // "user:<id>", "session:<id>", "cli:<operating system user>" or "anonymous"
	RemoteAddr string
	UserAgent  string
	RequestID  string
	Reason     string // the operator's own words
}

// event starts the audit event of an operation at now.
func (a Actor) event(action store.Action, now time.Time) store.Event {
	return store.Event{
		Action:     action,
		At:         now,
		Actor:      a.Name,
		RemoteAddr: a.RemoteAddr,
		UserAgent:  truncate(a.UserAgent, maxUserAgent),
		RequestID:  a.RequestID,
		Reason:     a.Reason,
	}
}

// maxUserAgent bounds, in bytes, what a client can make us store.
const maxUserAgent = 256
