package sqlite

import (
	"context"
	"database/sql"
)

// Writer returns the connection that writes, so that a test can break it.
func (s *Store) Writer() *sql.DB { return s.writer }

// Join carries out do as one of the changes that share a transaction.
func (s *Store) Join(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	return s.join(ctx, &change{op: "test"}, do)
}

// JoinWhole is Join for a change without a savepoint.
func (s *Store) JoinWhole(ctx context.Context, do func(context.Context, *sql.Tx) error) error {
	return s.join(ctx, &change{op: "test", whole: true}, do)
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
	DeletePageOfEvents   = deletePageOfEvents
	InsertEventOnce      = insertEventOnce
	CountMail            = countMail
	EndReplacedMail      = endReplacedMail
	SelectNamed          = selectNamed
	SelectVerifiedOwner  = selectVerifiedOwner
	SelectTokenUser      = selectTokenUser
	SelectPendingEmail   = selectPendingEmail
	DeleteOldMailTokens  = deleteOldMailTokens
	AnyMailDue           = anyMailDue
	SelectRequested      = selectRequested
	SelectNotices        = selectNotices
	InsertMail           = insertMail
	CountHour            = countHour
	SelectMails          = selectMails
	SelectFailedMail     = selectFailedMail
	DeleteOldMail        = deleteOldMail
)

// SelectTrail returns the statement that reads a page of the trail, and its arguments.
var SelectTrail = selectEvents
