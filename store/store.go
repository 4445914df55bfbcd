// Package store is the contract between the rules of authentication and their
// database: one interface, plain structs, sentinel errors.
//
// Every method is atomic and states an intent ("start a session", "rotate a
// token"), never a row operation. No transaction leaks to the caller, and none
// spans password hashing or the network. Every change carries an [Event] that is
// written to the audit trail in the same transaction. A change that ends access also
// appends a [Revocation] to the feed in that transaction. Outcomes that a caller
// must act on are values; an error means the operation failed.
//
// Time comes from the caller: no method reads a clock, and instants are stored to
// the microsecond. Two things are judged by the database's clock, which all servers
// share: the retry window of a rotation, and how long a node has been silent.
//
// Implementations are in store/postgres and store/sqlite. Both pass the suite in store/storetest.
package store

import (
	"time"

	"github.com/authctl/authctl/store/batch"
)

// Store is everything that authctl asks of its database.
//
// Every method may return these errors, unless its comment says otherwise:
//
//   - [ErrUnavailable] when the database cannot be reached, or does not answer before ctx ends;
//   - [ErrReadOnly] or [ErrFull], which are [ErrUnavailable] too, when the database takes no writes;
//   - [ErrSchema] when a table or column is missing;
//   - [ErrReplaced] on SQLite, once another file has taken the place of the open one. A change that was
//     committed to the old file at that moment returns it too.
type Store interface {
	Users
	Clients
	Emails
	Outbox
	Attempts
	Sessions
	Revocations
	Nodes
	SigningKeys
	Events
	Upkeep

	// Stats returns the current figures of the connection pool.
	Stats() Stats

	// Close releases the connections. The store must not be used afterwards.
	Close() error
}

// Stats is the state of a connection pool.
type Stats struct {
	Max     int           // connections the pool may open
	Open    int           // connections that are open, both in use and idle
	InUse   int           // connections that are in use
	Waits   int64         // times a caller had to wait for a connection, since start
	WaitFor time.Duration // time that callers spent waiting, since start
	Batches batch.Stats   // of the changes that are carried out together, since start
}
