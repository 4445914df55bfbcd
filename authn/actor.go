package authn

import (
	"time"

	"github.com/authctl/authctl/store"
)

// Actor is who asks for an operation, and from where. It goes into the audit trail.
type Actor struct {
	Name       string // "user:ID", "session:ID", "node:HOST", "anonymous", or "cli:LOGIN", which a claim may follow: "cli:uid=65532 as alice"
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
		Actor:      truncate(a.Name, maxActor),
		RemoteAddr: a.RemoteAddr,
		UserAgent:  truncate(a.UserAgent, maxUserAgent),
		RequestID:  a.RequestID,
		Reason:     truncate(a.Reason, maxReason),
	}
}

// Bounds, in bytes, of what is stored of others' words.
const (
	maxUserAgent = 256
	maxActor     = 256
	maxReason    = 1024
)
