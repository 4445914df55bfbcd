package postgres

import (
	"context"
	"time"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/batch"
)

// ChoosesHosts reports whether the driver selects among the hosts of a URL.
func ChoosesHosts(url string) (bool, error) {
	pc, err := poolConfig(Config{URL: url})
	return err == nil && pc.ConnConfig.ValidateConnect != nil, err
}

// BePatient makes rotations wait for those that are under way, for as long as a test likes.
func (s *Store) BePatient() {
	c := s.queueOfRotations(s.pool.Config().MaxConns)
	c.Slow, c.Patience = 0, 0
	s.rotations = batch.New(c)
}

// The statements that read pages, so that tests can examine their plans.
const (
	SelectUsers          = selectUsers
	SelectSessions       = selectSessions
	SelectUserSessions   = selectUserSessions
	CountSessions        = countSessions
	SelectEnding         = selectEnding
	SelectLastSignIn     = selectLastSignIn
	SelectUserAttempts   = selectUserAttempts
	DeleteDeadSessions   = deleteDeadSessions
	DeleteOldRevocations = deleteOldRevocations
	CountEvents          = countEvents
	DeleteEvents         = deleteEvents
	CountMail            = countMail
	EndReplacedMail      = endReplacedMail
	SelectNamed          = lockNamed
	SelectVerifiedOwner  = lockOwner
	SelectTokenUser      = lockTokenUser
	SelectPendingEmail   = selectPendingEmail
	DeleteOldMailTokens  = deleteOldMailTokens
	ClaimMail            = claimMail
	SelectMails          = selectMails
	DeleteOldMail        = deleteOldMail
)

// SelectTrail returns the statement that reads a page of the trail, and its arguments.
var SelectTrail = selectEvents

// InsertMail returns the statement that queues a mail.
var InsertMail = insertMail

// PastDeadRows repeats the read of a page that the statement timeout interrupts.
var PastDeadRows = pastDeadRows

// MigrationLock is the advisory lock of a schema's migrations.
var MigrationLock = migrationLock

// GooseLock is the advisory lock of older releases.
const GooseLock = gooseLock

// ReportEvery sets the interval of the messages about a wait for the migration lock.
func (s *Store) ReportEvery(d time.Duration) { s.reportInterval = d }

// Renew closes the idle connections, so that the pool opens new ones.
func (s *Store) Renew() { s.pool.Reset() }

// UpdateTokens is the statement of a batch of rotations, and RotationArgs returns its arguments.
const UpdateTokens = updateTokens

// RotationArgs returns the arguments of UpdateTokens.
func RotationArgs(rotations []store.Rotation) []any {
	calls := make([]*rotationCall, len(rotations))
	for i, r := range rotations {
		calls[i] = &rotationCall{In: r}
	}
	return rotationArgs(calls)
}

// RotateAlone executes the statement of one rotation, past the queue.
func (s *Store) RotateAlone(ctx context.Context, r store.Rotation) (store.RotateResult, error) {
	return s.rotateFast(ctx, r)
}
