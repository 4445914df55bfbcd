package authn

import (
	"time"

	"github.com/authctl/authctl/store"
)

// Actor is who requests an operation, from where, and with which application. The audit trail records it.
type Actor struct {
	Name       string // "user:ID", "session:ID", "node:HOST", "anonymous", or "cli:LOGIN", optionally with a claimed name: "cli:uid=65532 as alice"
	RemoteAddr string
	UserAgent  string
	RequestID  string
	Reason     string // the operator's own words
	ClientID   string // the application that the user asks with, client_id of access tokens; "" for the configured one; not in the trail
}

// event returns an audit event with the actor's fields, at now.
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

// The max lengths, in bytes, of stored client input.
const (
	maxUserAgent = 256
	maxActor     = 256
	maxReason    = 1024
)
