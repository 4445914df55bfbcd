package store

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Events is the part of [Store] about the audit trail. Each change also writes its own event.
type Events interface {
	// Ending returns the first event at or after since that ended this session: an event of the
	// session, of its user, or of everybody. With a zero userID it looks only for events of the
	// session itself. [ErrNotFound] when there is none.
	Ending(ctx context.Context, userID, sessionID uuid.UUID, since time.Time) (Event, error)

	// Record writes an event that changes nothing else, such as a failed login.
	Record(ctx context.Context, e Event) error

	// Events reads one page of the trail, newest first, and returns the events that p selects. next
	// is the key to continue before, zero when no event is left to read. The page is read through
	// the index of the first of these that p sets: the session, the user, a single address, actions
	// without sign-ins, operators. Otherwise it is read from all events of the time. So a page may
	// select nothing and still have a next.
	Events(ctx context.Context, p EventPage) (events []RecordedEvent, next EventKey, err error)

	// CountEvents reads one page of the oldest events and returns how many of them DeleteEvents
	// would delete. next is the key to continue after, zero when no event is left.
	CountEvents(ctx context.Context, p OldEventPage) (n int, next EventKey, err error)

	// DeleteEvents reads one page of the oldest events and deletes them, except those with the
	// action [ActionTrailPruned], which are never deleted. It returns how many it deleted, and the
	// key to continue after, zero when no event is left. It writes e together with the first event
	// that it deletes. Further calls with the same e do not write it again.
	DeleteEvents(ctx context.Context, p OldEventPage, e Event) (n int, next EventKey, err error)
}

// Action names what an [Event] records. The words follow the OWASP logging
// vocabulary where it has one.
type Action string

// The actions.
const (
	ActionLogin            Action = "authn_login_success"
	ActionLoginFailed      Action = "authn_login_fail"
	ActionLogout           Action = "authn_logout"
	ActionSessionReplaced  Action = "authn_session_replaced"
	ActionSessionReused    Action = "authn_session_reused"
	ActionRefreshRefused   Action = "authn_refresh_refused"
	ActionSessionRevoked   Action = "authn_token_revoked"
	ActionSessionsRevoked  Action = "authn_token_revoked_all"
	ActionOthersRevoked    Action = "authn_token_revoked_others"
	ActionRevokedAgain     Action = "authn_token_revoked_again"
	ActionPasswordChanged  Action = "authn_password_change"
	ActionPasswordDisabled Action = "authn_login_lock"
	ActionUserUnlocked     Action = "authn_login_unlock"
	ActionRateLimited      Action = "excess_rate_limit_exceeded"
	ActionAttemptsCleared  Action = "login_attempts_cleared"
	ActionUserCreated      Action = "user_created"
	ActionUserImported     Action = "user_imported"
	ActionPasswordImported Action = "password_imported"
	ActionUserDisabled     Action = "user_disabled"
	ActionUserEnabled      Action = "user_enabled"
	ActionUserDeleted      Action = "user_deleted"
	ActionUserRenamed      Action = "user_renamed"
	ActionRightsChanged    Action = "authz_change"
	ActionRightsLost       Action = "authz_change_lost"
	ActionClientCreated    Action = "client_created"
	ActionClientRotated    Action = "client_secret_rotated"
	ActionClientRevoked    Action = "client_secrets_revoked"
	ActionClientDisabled   Action = "client_disabled"
	ActionClientEnabled    Action = "client_enabled"
	ActionClientDeleted    Action = "client_deleted"
	ActionClientToken      Action = "client_token_issued"
	ActionClientRefused    Action = "client_auth_fail"
	ActionResetRequested   Action = "authn_reset_requested"
	ActionResetIssued      Action = "authn_reset_issued"
	ActionPasswordReset    Action = "authn_password_reset"
	ActionVerifyRequested  Action = "email_verify_requested"
	ActionEmailVerified    Action = "email_verified"
	ActionEmailSet         Action = "email_set"
	ActionMailRetried      Action = "mail_retried"
	ActionMailDropped      Action = "mail_dropped"
	ActionNodeForgotten    Action = "node_forgotten"
	ActionKeyAdded         Action = "signing_key_added"
	ActionKeyPromoted      Action = "signing_key_promoted"
	ActionKeyRetired       Action = "signing_key_retired"
	ActionKeyRemoved       Action = "signing_key_removed"
	ActionKeysBurned       Action = "signing_keys_burned"
	ActionKeysResealed     Action = "signing_keys_resealed"
	ActionResumed          Action = "sys_restart"
	ActionRestoreFinished  Action = "database_restore_finished"
	ActionTrailPruned      Action = "audit_pruned"
)

// Actions returns every action.
func Actions() []Action {
	return []Action{
		ActionLogin, ActionLoginFailed, ActionLogout, ActionSessionReplaced, ActionSessionReused, ActionRefreshRefused,
		ActionSessionRevoked, ActionSessionsRevoked, ActionOthersRevoked, ActionRevokedAgain, ActionPasswordChanged,
		ActionPasswordDisabled, ActionUserUnlocked, ActionRateLimited, ActionAttemptsCleared, ActionUserCreated,
		ActionUserImported, ActionPasswordImported, ActionUserDisabled, ActionUserEnabled, ActionUserDeleted,
		ActionUserRenamed, ActionRightsChanged, ActionRightsLost, ActionClientCreated, ActionClientRotated, ActionClientRevoked,
		ActionClientDisabled, ActionClientEnabled, ActionClientDeleted, ActionClientToken, ActionClientRefused, ActionResetRequested, ActionResetIssued, ActionPasswordReset, ActionVerifyRequested,
		ActionEmailVerified, ActionEmailSet, ActionMailRetried, ActionMailDropped,
		ActionNodeForgotten, ActionKeyAdded, ActionKeyPromoted, ActionKeyRetired, ActionKeyRemoved, ActionKeysBurned,
		ActionKeysResealed, ActionResumed, ActionRestoreFinished, ActionTrailPruned,
	}
}

// Endings returns the actions that end the session they name, or all sessions.
func Endings() []Action {
	return []Action{
		ActionLogout, ActionSessionReplaced, ActionSessionReused, ActionSessionRevoked, ActionSessionsRevoked, ActionRevokedAgain,
		ActionPasswordChanged, ActionPasswordReset, ActionUserDisabled, ActionUserDeleted, ActionUserRenamed,
		ActionClientRevoked, ActionClientDisabled, ActionClientDeleted,
	}
}

// Event is one entry of the audit trail: what happened, who did it, from where, and when. It never
// holds a password, a token, or a name that belongs to no user.
type Event struct {
	Action     Action
	At         time.Time
	Actor      string    // "user:ID", "session:ID", "node:HOST", "anonymous", or "cli:LOGIN", optionally with a claimed name: "cli:uid=65532 as alice"
	UserID     uuid.UUID // the user, or the service account, it happened to; zero for none
	SessionID  uuid.UUID // the session it happened to, for [ActionOthersRevoked] the session that stays; zero for none
	RemoteAddr string    // "" for the command line
	UserAgent  string
	RequestID  string
	Reason     string // free text from the operator, or a code word
}

// EndsEverybody returns e as the event that records the end of everybody's sessions.
func (e Event) EndsEverybody() Event {
	e.Action = ActionSessionsRevoked
	return e
}

// OfNode returns e with a node's name and id at the start of its reason.
func (e Event) OfNode(name string, id uuid.UUID) Event {
	e.Reason = strings.TrimSuffix("server "+name+" ("+id.String()+"): "+e.Reason, ": ")
	return e
}

// OfClient returns e as an event of a service account, with the account's name at the start of its
// reason.
func (e Event) OfClient(id uuid.UUID, name string) Event {
	e.UserID = id
	e.Reason = strings.TrimSuffix("client "+name+": "+e.Reason, ": ")
	return e
}

// OfMail returns e with a mail's user, and the mail's id at the start of its reason.
func (e Event) OfMail(m Mail) Event {
	e.UserID = m.UserID
	e.Reason = strings.TrimSuffix("mail "+m.ID.String()+": "+e.Reason, ": ")
	return e
}

// Refused returns e as the event of a rotation that was refused and ended its session.
func (e Event) Refused(o Outcome, userID, sessionID uuid.UUID) Event {
	e.UserID, e.SessionID = userID, sessionID
	if o == Reused {
		e.Action = ActionSessionReused
		return e
	}
	e.Action, e.Reason = ActionRefreshRefused, o.String()
	return e
}
