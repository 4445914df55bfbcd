package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"github.com/authctl/authctl/store"
)

// translate wraps a driver's error with the operation and the sentinel that its
// SQLSTATE (PostgreSQL documentation, appendix A) stands for.
func translate(op string, err error) error {
	if err == nil {
		return nil
	}
	if sentinel := sentinelOf(err); sentinel != nil {
		return fmt.Errorf("%s: %w: %w", op, sentinel, err)
	}
	return fmt.Errorf("%s: %w", op, err)
}

func sentinelOf(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return store.ErrNotFound
	}
	if errors.Is(err, pgconn.ErrReadOnlyConnection) { // of every host that answered
		return store.ErrReadOnly
	}
	pgErr, said := errors.AsType[*pgconn.PgError](err)
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok && !(said && pgErr.Code == diskFull) {
		return store.ErrUnavailable // whatever reason the server gave
	}
	if said && pgErr.ConstraintName == "users_verified_email_key" {
		return errEmailTaken
	}
	if said {
		return sentinelOfState(pgErr.Code)
	}
	var netErr net.Error
	if errors.As(err, &netErr) || pgconn.SafeToRetry(err) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, puddle.ErrClosedPool) {
		return store.ErrUnavailable
	}
	return nil
}

// errLocked means that others are changing the same rows. Nothing was changed, and the database has
// no fault.
var errLocked = fmt.Errorf("%w: %w", store.ErrUnavailable, store.ErrBusy)

// errEmailTaken means that another user has verified an address.
var errEmailTaken = fmt.Errorf("%w: %w", store.ErrConflict, store.ErrEmailTaken)

// diskFull is disk_full, for a table, a temporary file, or the write-ahead log. The last ends the
// server (PANIC).
const diskFull = "53100"

func sentinelOfState(code string) error {
	switch code {
	case "23505": // unique_violation
		return store.ErrConflict
	case "23503": // foreign_key_violation: the user is gone
		return store.ErrNotFound
	case "42P01", "42703", "3F000": // undefined table, column, schema
		return store.ErrSchema
	case "25006": // read_only_sql_transaction: a standby
		return store.ErrReadOnly
	case diskFull:
		return store.ErrFull
	case "40001", "40P01", // serialization_failure, deadlock_detected
		"55P03": // lock_not_available
		return errLocked
	case "3D000": // invalid_catalog_name: no such database
		return store.ErrUnavailable
	}
	switch code[:min(2, len(code))] {
	case "08", "28", "53", "57", "58": // connection, authorization, resources, operator, system
		return store.ErrUnavailable
	}
	return nil
}

// refusedLogin returns a [*store.Refusal] when the server is up and does not let the role in, or
// has no such database; nil for another error. It is still unavailable: a role, a password or
// a database may be made a moment later.
func refusedLogin(err error) error {
	said, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return nil
	}
	var advice string
	switch {
	case said.Code == "3D000": // invalid_catalog_name
		advice = "correct the database's name in database.url, or create the database with CREATE DATABASE"
	case strings.HasPrefix(said.Code, "28"): // invalid authorization
		advice = "correct the role and the password in database.url; pg_hba.conf says which role may connect from which address"
	default:
		return nil
	}
	return &store.Refusal{Err: store.ErrUnavailable, Message: "the PostgreSQL server refuses the connection: " + said.Message, Advice: advice}
}

// deadRowTries is the max number of attempts to read a page that the statement timeout interrupts.
const deadRowTries = 10

// pastDeadRows runs read, and repeats it while the statement timeout interrupts it. After a mass
// deletion and before the next vacuum, an index leads to rows that are gone. Each attempt marks the
// index entries that it finds dead, so the next gets further. read must be repeatable.
func pastDeadRows(ctx context.Context, read func() error) error {
	for try := 1; ; try++ {
		err := read()
		timedOut, ok := errors.AsType[*pgconn.PgError](err)
		if !ok || timedOut.Code != "57014" || try == deadRowTries || ctx.Err() != nil { // query_canceled
			return err
		}
	}
}
