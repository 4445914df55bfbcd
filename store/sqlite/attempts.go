package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const selectCounter = `SELECT failures, last_at, next_at FROM login_attempts WHERE slot = ?1 AND key = ?2`

const selectKnown = `SELECT EXISTS (SELECT 1 FROM known_places WHERE slot = ?1 AND key = ?2 AND signed_in_at > ?3)`

// saveCounter writes a counter after an admitted attempt. The slot may belong to another counter.
const saveCounter = `
INSERT INTO login_attempts AS a (slot, key, user_id, address, failures, last_at, next_at)
VALUES (?1, ?2, (SELECT id FROM users WHERE username_folded = ?3), ?4, ?5, ?6, ?7)
ON CONFLICT (slot) DO UPDATE SET
    key = excluded.key, user_id = excluded.user_id, address = excluded.address, last_at = excluded.last_at,
    failures = excluded.failures, next_at = excluded.next_at`

// BeginLogin implements [store.Store].
func (s *Store) BeginLogin(ctx context.Context, a store.Attempt) (store.Admission, error) {
	return share(ctx, s, &change{op: "begin login"}, func(ctx context.Context, tx *sql.Tx) (adm store.Admission, err error) {
		is, err := attemptState(ctx, tx, a)
		if err != nil {
			return adm, err
		}
		after, adm := a.Judge(is)
		if !adm.RetryAt.IsZero() {
			return adm, nil
		}
		if err := saveAttempt(ctx, tx, a, a.Here, a.Address, after.Here); err != nil {
			return adm, err
		}
		if err := saveAttempt(ctx, tx, a, a.Anywhere, "", after.Anywhere); err != nil {
			return adm, err
		}
		adm.Credentials, err = credentials(ctx, tx, a.Folded)
		return adm, err
	})
}

// attemptState reads the state for an attempt, within a transaction.
func attemptState(ctx context.Context, tx *sql.Tx, a store.Attempt) (is store.AttemptState, err error) {
	if is.Here, err = readCounter(ctx, tx, a.Here); err != nil {
		return is, err
	}
	if is.Anywhere, err = readCounter(ctx, tx, a.Anywhere); err != nil {
		return is, err
	}
	if err := tx.QueryRowContext(ctx, selectKnown, a.Known.Slot, a.Known.Key, micros(a.Known.Since)).Scan(&is.Known); err != nil {
		return is, err
	}
	is.Full, err = reached(ctx, tx, a.Ceiling, is.Known)
	return is, err
}

// saveAttempt writes a counter after an attempt, within a transaction.
func saveAttempt(ctx context.Context, tx *sql.Tx, a store.Attempt, c store.Counter, address string, is store.CounterState) error {
	_, err := tx.ExecContext(ctx, saveCounter, c.Slot, c.Key, a.Folded, address, is.Failures, micros(is.LastAt), micros(is.NextAt))
	return err
}

const sumFailures = `SELECT COALESCE(sum(failures), 0) FROM login_attempts WHERE slot >= ?1 AND slot < ?2 AND key IN (?3, ?3 + 1)`

// reached reports whether the ceiling is reached.
func reached(ctx context.Context, tx *sql.Tx, c store.Ceiling, known bool) (bool, error) {
	if c.Max == 0 || known {
		return false, nil
	}
	var failures int
	err := tx.QueryRowContext(ctx, sumFailures, c.First, c.First+c.Slots, c.Window).Scan(&failures)
	return failures >= c.Max, err
}

const countFailure = `
INSERT INTO login_attempts AS a (slot, key, user_id, address, failures, last_at, next_at)
SELECT ?2, ?3, NULL, ?4, 1, ?5, ?5 WHERE ?1 > 0
ON CONFLICT (slot) DO UPDATE SET
    key = CASE WHEN a.key = excluded.key + 1 THEN a.key ELSE excluded.key END,
    failures = CASE WHEN a.key IN (excluded.key, excluded.key + 1) THEN a.failures + 1 ELSE 1 END,
    last_at = excluded.last_at, next_at = excluded.next_at`

// readCounter returns the state of a counter. It is zero when the slot is empty or belongs to
// another counter.
func readCounter(ctx context.Context, tx *sql.Tx, c store.Counter) (is store.CounterState, err error) {
	var last, next sql.NullInt64
	err = tx.QueryRowContext(ctx, selectCounter, c.Slot, c.Key).Scan(&is.Failures, &last, &next)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return store.CounterState{}, err
	}
	is.LastAt, is.NextAt = utc(last), utc(next)
	return is, nil
}

// credentials reads a user's credentials within a transaction. They are zero when nobody has the
// name.
func credentials(ctx context.Context, tx *sql.Tx, folded string) (store.Credentials, error) {
	var c store.Credentials
	var row userRow
	err := tx.QueryRowContext(ctx, selectCredentials, folded).
		Scan(append(row.dest(), &c.PasswordHash, &c.Generation.Installation, &c.Generation.User)...)
	if errors.Is(err, sql.ErrNoRows) {
		return store.Credentials{}, nil
	}
	c.User = row.get()
	return c, err
}

const (
	selectFailures = `SELECT failures FROM login_attempts WHERE slot = ?1 AND key = ?2`
	setFailures    = `UPDATE login_attempts SET failures = ?3, next_at = MIN(next_at, ?4) WHERE slot = ?1 AND key = ?2`
	savePlace      = `
INSERT INTO known_places (slot, key, user_id, address, signed_in_at)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (slot) DO UPDATE SET
    key = excluded.key, user_id = excluded.user_id, address = excluded.address, signed_in_at = excluded.signed_in_at`
)

// succeeded subtracts the failures of Here from the counters of an attempt and remembers the place,
// within a transaction. If the slot Here belongs to another counter by now, it subtracts only the
// attempt.
func succeeded(ctx context.Context, tx *sql.Tx, at time.Time, a store.Attempt, userID uuid.UUID) error {
	here, err := failures(ctx, tx, a.Here, 1)
	if err != nil {
		return err
	}
	anywhere, err := failures(ctx, tx, a.Anywhere, 0)
	if err != nil {
		return err
	}
	if err := setCounter(ctx, tx, a.Here, 0, at); err != nil {
		return err
	}
	if err := setCounter(ctx, tx, a.Anywhere, max(anywhere-here, 0), at); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, savePlace, a.Known.Slot, a.Known.Key, userID, a.Address, micros(at))
	return err
}

// failures returns the failures of a counter, or otherwise when the slot belongs to another.
func failures(ctx context.Context, tx *sql.Tx, c store.Counter, otherwise int) (n int, err error) {
	err = tx.QueryRowContext(ctx, selectFailures, c.Slot, c.Key).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return otherwise, nil
	}
	return n, err
}

// setCounter reduces the failures of a counter, and adjusts its delay.
func setCounter(ctx context.Context, tx *sql.Tx, c store.Counter, failures int, at time.Time) error {
	_, err := tx.ExecContext(ctx, setFailures, c.Slot, c.Key, failures, micros(at.Add(c.Delay(failures))))
	return err
}

const takeBackLogin = `
UPDATE login_attempts SET failures = MAX(failures - 1, 0), next_at = MIN(next_at, ?1)
WHERE slot = ?2 AND key = ?3 OR slot = ?4 AND key = ?5`

// TakeBackLogin implements [store.Store].
func (s *Store) TakeBackLogin(ctx context.Context, a store.Attempt) error {
	return s.join(ctx, &change{op: "undo login", whole: true}, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, takeBackLogin, micros(a.At), a.Here.Slot, a.Here.Key, a.Anywhere.Slot, a.Anywhere.Key)
		return err
	})
}

const failUser = `
UPDATE users SET failed_logins = failed_logins + 1, password_disabled_at = COALESCE(password_disabled_at,
    CASE WHEN ?3 > 0 AND failed_logins + 1 >= ?3 THEN ?2 END)
WHERE id = ?1
RETURNING ` + userColumns

// FailLogin implements [store.Store].
func (s *Store) FailLogin(ctx context.Context, disableAt int, c store.Ceiling, notice *store.NewMail, e store.Event) error {
	return s.join(ctx, &change{op: "fail login"}, func(ctx context.Context, tx *sql.Tx) error {
		e, row := e, userRow{}
		err := tx.QueryRowContext(ctx, failUser, e.UserID, micros(e.At), disableAt).Scan(row.dest()...)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if _, err := tx.ExecContext(ctx, countFailure, c.Max, c.Slot, c.Window, store.CeilingAddress, micros(e.At)); err != nil {
			return err
		}
		if err := record(ctx, tx, e); err != nil || !row.passwordGone.Valid || row.passwordGone.Int64 != micros(e.At) {
			return err
		}
		if err := queueMail(ctx, tx, notice, ownerOf(row.get()), e); err != nil {
			return err
		}
		e.Action = store.ActionPasswordDisabled
		return record(ctx, tx, e)
	})
}

const unlockUser = `
UPDATE users SET failed_logins = 0, password_disabled_at = NULL
WHERE users.id = ?1
RETURNING ` + userColumns + `, users.generation`

// UnlockUser implements [store.Store].
func (s *Store) UnlockUser(ctx context.Context, id uuid.UUID, e store.Event) (store.User, error) {
	return s.changeUser(ctx, userChange{op: "unlock user", query: unlockUser, args: []any{id}, also: clearUser}, e)
}

// clearUser forgets the attempts that are counted for a user.
func clearUser(ctx context.Context, tx *sql.Tx, u store.User, e store.Event) error {
	_, err := tx.ExecContext(ctx, clearAttempts, micros(e.At), nullID(u.ID), "", -1)
	return err
}

const (
	deleteAttempts = `DELETE FROM login_attempts WHERE user_id = ?1`
	deletePlaces   = `DELETE FROM known_places WHERE user_id = ?1`
)

// forgetUser removes a user's counters and known places.
func forgetUser(ctx context.Context, tx *sql.Tx, u store.User, _ store.Event) error {
	for _, statement := range []string{deleteAttempts, deletePlaces} {
		if _, err := tx.ExecContext(ctx, statement, u.ID); err != nil {
			return err
		}
	}
	return nil
}
