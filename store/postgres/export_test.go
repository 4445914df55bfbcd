package postgres

import "time"

// ChoosesHosts reports whether connections for a URL are made with some of its hosts only.
func ChoosesHosts(url string) (bool, error) {
	pc, err := poolConfig(Config{URL: url})
	return err == nil && pc.ConnConfig.ValidateConnect != nil, err
}

// The statements that read pages, for their plans to be looked at.
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
)

// SelectTrail returns the statement that reads a page of the trail, and its arguments.
var SelectTrail = selectEvents

// PastDeadRows is how pages are read.
var PastDeadRows = pastDeadRows

// MigrationLock is the advisory lock of a schema's migrations.
var MigrationLock = migrationLock

// GooseLock is the advisory lock of older releases.
const GooseLock = gooseLock

// ReportEvery sets how often a wait for the migration lock is told.
func (s *Store) ReportEvery(d time.Duration) { s.reportInterval = d }

// Renew closes the connections that are not in use, so that new ones are made.
func (s *Store) Renew() { s.pool.Reset() }
