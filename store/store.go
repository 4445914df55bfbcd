// Package store is the contract between the rules of authentication and the
// database that remembers them: one interface, plain structs, sentinel errors.
//
// Every method is atomic and states an intent ("start a session", "rotate a
// token"), never a row operation. No transaction leaks to the caller, and none
// spans password hashing or the network. Every change carries an [Event] that is
// written to the audit trail in the same transaction; whatever ends access also
// appends a [Revocation] to the feed, again in that transaction. Outcomes a caller
// must act on are values; an error means the operation failed.
//
// Time comes from the caller: no method reads a clock, and instants are kept to
// the microsecond. The two exceptions are judged by the database's clock, which all
// servers have in common: the retry window of a rotation, and a node's silence. Implementations are in store/postgres and store/sqlite, and
// store/storetest is the suite that both of them pass.
package store

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Store is everything authctl asks of its database.
//
// Unless a method says otherwise it returns [ErrUnavailable] when the database
// cannot be reached or does not answer within ctx, or, as [ErrReadOnly] or [ErrFull],
// takes no writes; and [ErrSchema] when a table or column that it needs is missing. On SQLite
// every method returns [ErrReplaced] from the moment that the file at the database's place is no longer
// the one that is open; so does a change that was committed to the old file in that moment.
type Store interface {
	// CreateUser adds a user. [ErrConflict] when the folded username (or the id)
	// is taken, or, with u.NotReleasedAfter, when a user who had the name was deleted
	// after that. It costs the same either way.
	CreateUser(ctx context.Context, u NewUser, e Event) (User, error)

	// ImportUsers adds users with what they bring, all in one transaction, and returns
	// what became of each, in their order. No two of them may have the same id or the
	// same folded username. Their generations begin at e.At, so that one whose id a user had
	// who was deleted is not taken for that one. It writes e, with the user's id, for each
	// that was added.
	ImportUsers(ctx context.Context, users []ImportedUser, e Event) ([]ImportOutcome, error)

	// CredentialsPage returns one page of all users with their password hashes, by id:
	// at most limit of them, after an id.
	CredentialsPage(ctx context.Context, after uuid.UUID, limit int) ([]Credentials, error)

	// Credentials returns what a login needs of the user with this folded
	// username: the user, its password hash, and the current generation.
	// [ErrNotFound] when there is none. Disabled users are returned.
	Credentials(ctx context.Context, folded string) (Credentials, error)

	// User returns the user with this folded username, or [ErrNotFound].
	User(ctx context.Context, folded string) (User, error)

	// UserByID returns the user with this id, or [ErrNotFound].
	UserByID(ctx context.Context, id uuid.UUID) (User, error)

	// Users looks at one page of all users, ordered by folded username, and returns those
	// of them that p selects. Next is the folded username to go on after, "" when no user
	// is left to look at. A page of a search may select nobody and have a next.
	Users(ctx context.Context, p UserPage) (users []User, next string, err error)

	// HashesOtherThan looks at up to limit users in the order of their ids, after one, uuid.Nil for
	// all, and returns the password hashes that do not begin with a cost, as PHC strings have
	// it, with "$" or ",keyid=" behind it, and those that end in "=". next is the last
	// user that it has looked at, uuid.Nil when there was none.
	HashesOtherThan(ctx context.Context, cost string, after uuid.UUID, limit int) (hashes []string, next uuid.UUID, err error)

	// SetPassword replaces a user's password hash, forgets the failed attempts as
	// UnlockUser does, and ends the user's sessions by bumping the user's generation.
	// [ErrNotFound] when there is no such user.
	SetPassword(ctx context.Context, id uuid.UUID, hash string, e Event) (User, error)

	// DisableUser sets disabled_at to e.At (a user who is disabled already keeps
	// the earlier instant) and ends the user's sessions by bumping the
	// generation. [ErrNotFound] when there is no such user.
	DisableUser(ctx context.Context, id uuid.UUID, e Event) (User, error)

	// EnableUser clears disabled_at. Sessions that ended with the disabling stay
	// dead. [ErrNotFound] when there is no such user.
	EnableUser(ctx context.Context, id uuid.UUID, e Event) (User, error)

	// DeleteUser removes a user, every session of it, the attempts that are counted
	// for it and where it has signed in; audit events stay. The name counts as released at
	// e.At, as [ReleasedName] keeps it.
	// [ErrNotFound] when there is no such user.
	DeleteUser(ctx context.Context, id uuid.UUID, e Event) error

	// DeleteOldReleasedNames forgets up to limit names that were released at an instant or
	// before, and returns how many it forgot.
	DeleteOldReleasedNames(ctx context.Context, until time.Time, limit int) (int, error)

	// BeginLogin counts an attempt to sign in and returns the credentials of a.Folded,
	// zero ones when nobody has that name: one round trip, the same for every name. An
	// attempt that comes before a counter's delay is over is refused: it is not counted,
	// and RetryAt says when the next one may come. Of attempts at the same time no more
	// get through than the delays let; one that only Anywhere refuses because of the
	// others may stay counted Here. A counter without a delay, or without failures,
	// refuses nobody, however far the clocks of the processes are apart. Once as many sign-ins
	// have failed as a.Ceiling allows, an attempt is refused unless it comes from a.Known, until a.Ceiling.Until.
	BeginLogin(ctx context.Context, a Attempt) (Admission, error)

	// TakeBackLogin counts an attempt off again that was let through, and whose password
	// nobody has looked at.
	TakeBackLogin(ctx context.Context, a Attempt) error

	// FailLogin writes e and adds one to the failed logins of e.UserID, unless that is zero.
	// When there are disableAt of them or more, and disableAt is not 0, it disables the
	// password, and writes a second event, [ActionPasswordDisabled].
	// It counts the failure in c as well, also for nobody's name.
	FailLogin(ctx context.Context, disableAt int, c Ceiling, e Event) error

	// UnlockUser forgets the failed logins of a user and the attempts that are counted
	// for it, and enables the password again. [ErrNotFound] when there is no such user.
	UnlockUser(ctx context.Context, id uuid.UUID, e Event) (User, error)

	// Attempts returns one page of the counters that have failures, by slot.
	Attempts(ctx context.Context, p AttemptsPage) ([]Attempts, error)

	// ClearAttempts forgets the failures in the counters of a user, of a block of addresses,
	// of the one from the other, or with neither in all, ends their delays, and writes e.
	// It does so in up to limit counters that have failures, and returns in how many. With neither
	// the failures that ceilings count are forgotten too, which are none of these counters.
	ClearAttempts(ctx context.Context, userID uuid.UUID, address string, limit int, e Event) (int, error)

	// DeleteOldAttempts looks at up to limit counters in slots after a slot, -1 for all, and
	// removes those whose latest attempt was before an instant. It returns the slot to go on
	// after, -1 when none is left.
	DeleteOldAttempts(ctx context.Context, before time.Time, after int64, limit int) (next int64, err error)

	// DeleteOldPlaces is the same for the places where accounts have signed in, by the
	// latest success.
	DeleteOldPlaces(ctx context.Context, before time.Time, after int64, limit int) (next int64, err error)

	// StartSession records one sign-in. It reports false, and changes nothing,
	// when the user or its password is gone or disabled, when the password hash is no longer
	// s.PasswordHash, or when the generation is no longer s.Generation: whatever
	// happened between the look-up and now wins over the login. In the same
	// transaction it takes the failures back from the user and from the counter Here of
	// s.Attempt; from Anywhere as many as Here had, the attempt itself with them, and
	// never the failures of other places, whose delay goes on. It remembers the success at its place,
	// replaces the password hash by s.Rehash if that is set, ends
	// the session s.Replaces if there is one and the user's oldest beyond s.Max, up to
	// [MaxSurplus] of them (an event of its own, [ActionSessionReplaced], carries each
	// one's ids), and writes e. Sign-ins at the same time may leave one too many each.
	StartSession(ctx context.Context, s NewSession, e Event) (started bool, err error)

	// Rotate exchanges a refresh token for its successor, as [Outcome] describes.
	// The fast path is one conditional statement; only when that changes no row
	// does a second transaction lock the row and let [Rotation.Judge] say why.
	// When the token was replaced is told by the database's clock. The row remembers
	// the latest [MaxReplaced] tokens that may still be within their retry window.
	// Rotated and Retried write no event. Reused, Lost, Revoked and Disabled delete the
	// session row and write e with the action [ActionSessionReused] or, for the
	// latter three, [ActionRefreshRefused] and the outcome as its reason; e's user
	// and session are filled in from the row. Expired and Unknown change nothing.
	Rotate(ctx context.Context, r Rotation, e Event) (RotateResult, error)

	// Resume records that until now this installation, or one of its servers, could not
	// answer: tokens that were replaced in the last hour may be presented again for the
	// retry window from now, by the database's clock. A clock that is not zero stands in
	// for that, as in [Rotation]. It writes e.
	Resume(ctx context.Context, clock time.Time, e Event) error

	// EndSession deletes one session, whoever owns it, and writes e with the ids
	// of the row. It reports false, and writes no event, when there is none.
	EndSession(ctx context.Context, id uuid.UUID, e Event) (ended bool, err error)

	// EndUserSession is EndSession for a session of this user only.
	EndUserSession(ctx context.Context, userID, id uuid.UUID, e Event) (ended bool, err error)

	// EndOtherSessions ends every session of a user but one, by bumping the user's
	// generation and lifting the session spared with it, if that is alive. It writes e
	// with the ids of the user and of that session. [ErrNotFound] when there is no such
	// user. It costs the same for any number of sessions.
	EndOtherSessions(ctx context.Context, userID, spared uuid.UUID, e Event) error

	// EndSessionsByID deletes those of the sessions that exist, whoever owns them,
	// and writes e for each with the ids of its row. It returns how many there were.
	EndSessionsByID(ctx context.Context, ids []uuid.UUID, e Event) (ended int, err error)

	// EndSessionsLate is EndSessionsByID for what was asked for at e.At and could not be
	// done then: the trail has e.At, and the feed has now, for who reads it by time.
	EndSessionsLate(ctx context.Context, ids []uuid.UUID, now time.Time, e Event) (ended int, err error)

	// EndSessions ends every session in scope that exists now, by bumping the
	// generation of the user or of the installation: one integer, however many
	// sessions it covers, which it returns. The rows stay until DeleteDeadSessions.
	// [ErrNotFound] when the scope names a user who does not exist.
	EndSessions(ctx context.Context, s Scope, e Event) (generation int64, err error)

	// CountSessions looks at one page of the session rows in scope, dead or alive, by
	// user, and returns how many of them are alive at p.Now and how many users those
	// belong to. A user's rows are in one page, so counts of pages add up. Next is the
	// user id to go on after, zero when no row is left.
	CountSessions(ctx context.Context, p CountPage) (count SessionCount, next uuid.UUID, err error)

	// Sessions looks at one page of the session rows, dead or alive, ordered by id, and
	// returns those of them that are alive at p.Now. Next is the id to go on after, zero
	// when no row is left. A page may hold no session and have a next.
	Sessions(ctx context.Context, p SessionPage) (sessions []Session, next uuid.UUID, err error)

	// UserSessions returns one page of a user's sessions alive at p.Now, the newest first.
	UserSessions(ctx context.Context, p UserSessionPage) ([]Session, error)

	// Access returns what decides whether an access token is still good: its
	// user, the current generation, and whether its session exists and belongs
	// to that user. [ErrNotFound] when there is no such user. One statement.
	Access(ctx context.Context, userID, sessionID uuid.UUID) (Access, error)

	// SessionState returns a session's row as it is, dead or alive, and what a
	// rotation of it would be judged by. [ErrNotFound] when there is none.
	SessionState(ctx context.Context, id uuid.UUID) (Session, RotationState, error)

	// Ending returns the first event at or after since that ended this session: one
	// of the session itself, of its user, or of everybody. With a zero userID, when
	// that is not known, only one of the session itself. [ErrNotFound] when there is
	// none.
	Ending(ctx context.Context, userID, sessionID uuid.UUID, since time.Time) (Event, error)

	// DeleteDeadSessions looks at one page of the session rows, dead or alive, and
	// removes those that can never be used again: expired before p.ExpiredBefore,
	// or behind the current generation. It returns how many it removed, and the id
	// to go on after, zero when no row is left. It takes no event: what ended these
	// sessions was audited when it happened.
	DeleteDeadSessions(ctx context.Context, p DeadSessionPage) (deleted int, next uuid.UUID, err error)

	// Revocations reads the feed: what has been committed since the reading that
	// after comes from, whatever the order in which it was begun; or, when after is
	// "" or in another history, every entry at or later than since. One statement, or for
	// the latter as many as keep each of them short.
	Revocations(ctx context.Context, after Position, since time.Time) (Feed, error)

	// WatchRevocations calls wake when it begins to watch, and then each time the
	// feed may have grown, by whichever process. It returns when ctx ends or
	// watching is no longer possible, always with an error. Entries may come late
	// to wake, or without it; so read the feed at intervals as well.
	WatchRevocations(ctx context.Context, wake func()) error

	// RaiseGenerations raises the counters of the installation and of those users that
	// are below the numbers given. It appends an entry to the feed and writes e for each
	// that it raises, and returns how many. Users who do not exist are passed over.
	RaiseGenerations(ctx context.Context, installation int64, users map[uuid.UUID]int64, e Event) (raised int, err error)

	// DeleteOldRevocations removes up to limit entries from before an instant and
	// returns how many it removed.
	DeleteOldRevocations(ctx context.Context, before time.Time, limit int) (int, error)

	// SaveNode adds a node, or updates all of it; what Nodes finds out is ignored.
	SaveNode(ctx context.Context, n Node) error

	// RemoveNode removes a node that signs off, if there is one.
	RemoveNode(ctx context.Context, id uuid.UUID) error

	// ForgetNode removes a node on behalf of an operator, and writes e, whose reason it
	// begins with the node's name and id. [ErrNotFound] when there is none.
	ForgetNode(ctx context.Context, id uuid.UUID, e Event) error

	// TakeOverNodes is called by a server before it announces itself. Where all servers of
	// a database are processes of one machine it removes the nodes of those that have ended
	// without signing off, when no server runs, and holds a lock from then on that tells
	// others that this one does. Elsewhere nobody can know, and it removes none.
	TakeOverNodes(ctx context.Context) (removed int, err error)

	// RemoveOldNodes forgets the nodes that were last seen before an instant.
	RemoveOldNodes(ctx context.Context, seenBefore time.Time) error

	// Nodes returns every node, by name and id. Behind and Lag are about the
	// revocations at or before upTo that a node has not read.
	Nodes(ctx context.Context, upTo time.Time) ([]Node, error)

	// AskNodes appends an entry to the feed that ends nothing: one of changed signing keys.
	// Each node that runs reads it, and saves itself.
	AskNodes(ctx context.Context, at time.Time) error

	// SigningKeys returns the keys of the access tokens, the oldest first.
	SigningKeys(ctx context.Context) ([]SigningKey, error)

	// AddSigningKey adds a key that is next or active; one of its id that is retired makes
	// room for it. [ErrConflict] when there is one of that state, or of that id in another.
	// Like all that changes keys, it appends an entry to the feed of revocations.
	AddSigningKey(ctx context.Context, k SigningKey, e Event) error

	// PromoteSigningKey makes the next key the active one, and retires the one that was,
	// which verifies until an instant. [ErrNotFound] when no key of this id is next.
	PromoteSigningKey(ctx context.Context, id string, verifyUntil time.Time, e Event) error

	// RetireSigningKey retires a key that is next. [ErrNotFound] when no key of this id is.
	RetireSigningKey(ctx context.Context, id string, e Event) error

	// RemoveSigningKey removes a key that is not active. [ErrNotFound] when there is no
	// such key that is not active.
	RemoveSigningKey(ctx context.Context, id string, e Event) error

	// BurnSigningKeys makes k, which may be there, the active key, and removes all others.
	// It returns how many.
	BurnSigningKeys(ctx context.Context, k SigningKey, e Event) (burned int, err error)

	// ResealSigningKeys replaces the private parts of keys that are still sealed as they
	// were read, and returns how many.
	ResealSigningKeys(ctx context.Context, keys []ResealedKey, e Event) (resealed int, err error)

	// DeleteOldSigningKeys removes retired keys that verify nothing since before an
	// instant. It takes no event: that they would go was known when they were retired.
	DeleteOldSigningKeys(ctx context.Context, before time.Time) error

	// FinishRestore makes a database that was restored from a backup fit to serve: it moves the
	// generation of the installation and of every user to the larger of itself + 1 and least, so
	// that what was issued before is dead; it empties the feed, which then holds the entry of that
	// alone, forgets all nodes, and writes e and [Event.EndsEverybody]. Everything else stays. No
	// server may run meanwhile.
	FinishRestore(ctx context.Context, least int64, e Event) (Restoration, error)

	// Record writes an event that changes nothing else, such as a failed login.
	Record(ctx context.Context, e Event) error

	// Ready returns nil when the database answers and this binary runs correctly on
	// its schema, as [Schema.Check] decides; else [ErrUnavailable] or a [SchemaError].
	Ready(ctx context.Context) error

	// Writable returns [ErrReadOnly] when the database itself says that it takes no writes: a
	// standby, or one that was made read-only. It writes nothing, so nil says nothing about
	// its disk.
	Writable(ctx context.Context) error

	// Schema returns the migrations this binary knows and which are applied. A
	// database without any table yields version 0.
	Schema(ctx context.Context) (Schema, error)

	// MigrateUp applies every pending migration, each in a transaction or, after it
	// broke in the middle, once more, and returns those it applied. Concurrent callers wait for each other. A schema that
	// is newer than this binary knows has nothing pending when it suits this binary,
	// and is a [SchemaError] when it does not.
	MigrateUp(ctx context.Context) ([]Migration, error)

	// MigrateDown takes the newest applied migration back and returns it.
	// [ErrNotFound] when none is applied. A schema that is newer than this binary knows
	// is a [SchemaError], also when it suits this binary.
	MigrateDown(ctx context.Context) (Migration, error)

	// Stats returns the connection pool's figures at this moment.
	Stats() Stats

	// Close releases the connections. The store must not be used afterwards.
	Close() error
}

// Stats is the state of a connection pool.
type Stats struct {
	Max     int           // connections the pool may open
	Open    int           // connections that are open, in use or idle
	InUse   int           // connections that are executing something
	Waits   int64         // times a caller had to wait for a connection, since start
	WaitFor time.Duration // time that callers spent waiting, since start
}
