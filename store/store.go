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

import "time"

// Store is everything authctl asks of its database.
//
// Unless a method says otherwise it returns [ErrUnavailable] when the database
// cannot be reached or does not answer within ctx, or, as [ErrReadOnly] or [ErrFull],
// takes no writes; and [ErrSchema] when a table or column that it needs is missing. On SQLite
// every method returns [ErrReplaced] from the moment that the file at the database's place is no longer
// the one that is open; so does a change that was committed to the old file in that moment.
type Store interface {
	Users
	SignIns
	Sessions
	Revocations
	Nodes
	SigningKeys
	Events
	Upkeep

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
