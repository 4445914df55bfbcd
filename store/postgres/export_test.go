package postgres

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
