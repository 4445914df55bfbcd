package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// updateToken reads the other tables by subqueries, because SQLite copies the rows of an UPDATE with
// FROM into a temporary table first. The columns previous_hash, successor and rotated_at repeat what
// replaced holds. They are for servers of older releases, which read and write only those.
//
//	?1 session    ?2 hash of the token presented    ?3 hash of the next one    ?4 the next one, sealed
//	?5 the instant    ?6 when the session expires    ?7 step of the next one
//	?8 the clock that judges, NULL for the database's    ?9 the replacement as one entry of replaced
//	?10, ?11 since when entries are kept: always, and after servers have resumed    ?12 how many are kept
const updateToken = `
UPDATE refresh_tokens
SET token_hash = ?3, previous_hash = refresh_tokens.token_hash, successor = ?4, rotated_at = ?5, last_used_at = ?5,
    expires_at = MIN(?6, refresh_tokens.absolute_expires_at), step = MAX(refresh_tokens.step + 1, ?7),
    replaced = CAST(unhex(printf('%016x', COALESCE(?8, ` + clockMicros + `))) || ?9 ||
        CASE WHEN refresh_tokens.rotated_at >= CASE WHEN (SELECT resumed_at FROM installation) >= ?10 THEN ?11 ELSE ?10 END
                AND lower(hex(substr(refresh_tokens.replaced, 9, 32))) = refresh_tokens.previous_hash
            THEN substr(refresh_tokens.replaced, 1, ?12) ELSE x'' END AS BLOB)
WHERE refresh_tokens.id = ?1 AND refresh_tokens.token_hash = ?2 AND refresh_tokens.expires_at > ?5
    AND refresh_tokens.installation_generation >= (SELECT generation FROM installation)
    AND refresh_tokens.user_generation >= (SELECT generation FROM users WHERE id = refresh_tokens.user_id AND disabled_at IS NULL)`

// Rotate implements [store.Store].
func (s *Store) Rotate(ctx context.Context, r store.Rotation, e store.Event) (store.RotateResult, error) {
	replacement, err := r.Replacement()
	if err != nil {
		return store.RotateResult{}, err
	}
	return share(ctx, s, &change{op: "rotate token", whole: true}, func(ctx context.Context, tx *sql.Tx) (store.RotateResult, error) {
		always, resumed := r.KeepsSince()
		changed, err := tx.ExecContext(ctx, updateToken, r.SessionID, r.TokenHash, r.NextHash, r.Successor, micros(r.At), micros(r.ExpiresAt),
			r.NextStep, nullTime(r.Clock), replacement, micros(always), micros(resumed), store.ReplacedKept)
		if err != nil {
			return store.RotateResult{}, err
		}
		switch rows, err := changed.RowsAffected(); {
		case err != nil:
			return store.RotateResult{}, err
		case rows == 1:
			return rotated(ctx, tx, r.SessionID)
		default:
			return explainRotation(ctx, tx, r, e)
		}
	})
}

// selectRotated reads the row again, because that takes no longer than RETURNING.
const selectRotated = `
SELECT users.id, users.username, users.created_at, users.roles, users.claims, users.rights_generation,
    t.created_at, t.expires_at, t.installation_generation, t.user_generation
FROM refresh_tokens t JOIN users ON users.id = t.user_id
WHERE t.id = ?1`

// rotated returns the result of a rotation that has changed the row.
func rotated(ctx context.Context, tx *sql.Tx, id uuid.UUID) (store.RotateResult, error) {
	var created, signedIn, expires int64
	r := store.RotateResult{Outcome: store.Rotated, Session: store.Session{ID: id}}
	err := tx.QueryRowContext(ctx, selectRotated, id).Scan(&r.User.ID, &r.User.Username, &created, &r.User.Rights.Roles, &r.User.Rights.Claims, &r.User.Rights.Generation,
		&signedIn, &expires,
		&r.Session.Generation.Installation, &r.Session.Generation.User)
	if err != nil {
		return r, lostError{err} // the row is changed, and there is no savepoint to return to
	}
	r.User.CreatedAt, r.Session.CreatedAt, r.Session.ExpiresAt = instant(created), instant(signedIn), instant(expires)
	r.Session.UserID = r.User.ID
	return r, nil
}

const selectToken = `
SELECT ` + userColumns + `, t.created_at, t.last_used_at, t.expires_at, t.absolute_expires_at, t.remote_addr, t.user_agent,
    t.installation_generation, t.user_generation, t.token_hash, COALESCE(t.previous_hash, ''), t.rotated_at, t.successor,
    t.step, t.replaced, i.resumed_at, ` + clockMicros + `, i.generation, users.generation
FROM refresh_tokens t JOIN users ON users.id = t.user_id, installation i
WHERE t.id = ?1`

// tokenRow scans selectToken.
type tokenRow struct {
	user                                    userRow
	session                                 store.Session
	state                                   store.RotationState
	previous                                string
	sealed, replaced                        []byte
	created, used, expires, absolute, clock int64
	rotated, resumed                        sql.NullInt64
}

func (r *tokenRow) scan(row *sql.Row) error {
	t, s := &r.session, &r.state
	err := row.Scan(append(r.user.dest(), &r.created, &r.used, &r.expires, &r.absolute, &t.RemoteAddr, &t.UserAgent,
		&t.Generation.Installation, &t.Generation.User, &s.TokenHash, &r.previous, &r.rotated, &r.sealed,
		&s.Step, &r.replaced, &r.resumed, &r.clock, &s.Current.Installation, &s.Current.User)...)
	u := r.user.get()
	t.UserID, t.Username = u.ID, u.Username
	t.CreatedAt, t.LastUsedAt = instant(r.created), instant(r.used)
	t.ExpiresAt, t.AbsoluteExpiresAt = instant(r.expires), instant(r.absolute)
	s.ReadReplaced(s.Step, r.replaced, r.previous, r.sealed, utc(r.rotated))
	s.Clock, s.ResumedAt = instant(r.clock), utc(r.resumed)
	s.ExpiresAt, s.Disabled, s.Generation = t.ExpiresAt, u.Disabled(), t.Generation
	return err
}

// SessionState implements [store.Store].
func (s *Store) SessionState(ctx context.Context, id uuid.UUID) (store.Session, store.RotationState, error) {
	row := tokenRow{session: store.Session{ID: id}}
	err := row.scan(s.reader.QueryRowContext(ctx, selectToken, id))
	return row.session, row.state, translate("read session", err)
}

const deleteToken = `DELETE FROM refresh_tokens WHERE id = ?1`

// explainRotation returns why the conditional statement of a rotation changed no row, and ends the
// session if the outcome requires it.
func explainRotation(ctx context.Context, tx *sql.Tx, r store.Rotation, e store.Event) (store.RotateResult, error) {
	row := tokenRow{session: store.Session{ID: r.SessionID}}
	err := row.scan(tx.QueryRowContext(ctx, selectToken, r.SessionID))
	if errors.Is(err, sql.ErrNoRows) {
		return store.RotateResult{Outcome: store.Unknown}, nil
	}
	if err != nil {
		return store.RotateResult{}, err
	}
	if !r.Clock.IsZero() {
		row.state.Clock = r.Clock
	}
	user, t := row.user.get(), row.session
	switch o := r.Judge(row.state); o {
	case store.Rotated:
		return store.RotateResult{}, fmt.Errorf("session %s can be rotated and cannot", r.SessionID)
	case store.Retried:
		result := store.NewRotateResult(o, t, user)
		result.Successors = row.state.Successors(r.TokenHash)
		return result, nil
	case store.Reused, store.Lost, store.Revoked, store.Disabled:
		return store.RotateResult{Outcome: o}, within(ctx, tx, func() error {
			if _, err := tx.ExecContext(ctx, deleteToken, r.SessionID); err != nil {
				return err
			}
			if err := publish(ctx, tx, store.Revocation{At: r.At, UserID: user.ID, SessionID: t.ID}); err != nil {
				return err
			}
			return record(ctx, tx, e.Refused(o, user.ID, t.ID))
		})
	default:
		return store.RotateResult{Outcome: o}, nil
	}
}
