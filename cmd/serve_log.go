package cmd

import (
	"slices"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

const maxLoggedIDs = 100 // in one line

func logFollowing(log zerolog.Logger, e authn.FollowEvent, err error) {
	switch {
	case err == nil:
		log.Info().Msg(string(e))
	case e == authn.WentBack || e == authn.Restored || e == authn.Replaced:
		log.Error().Err(err).Msg(string(e))
	case e == authn.WritesLost:
		log.Warn().Err(err).Str("hint", endingOf(err).hint).Msg(string(e))
	default:
		log.Warn().Err(err).Msg(string(e))
	}
}

// logApplied logs the revocations that this server has applied. From now on the server refuses the
// revoked tokens. A line names at most [maxLoggedIDs] users and as many sessions. The field count is
// the number of users and sessions; a revocation of everybody counts as one. Changes of roles and
// claims, which end nothing, have a line of their own.
func logApplied(log zerolog.Logger, read store.Feed) {
	var sessions, users, changed []uuid.UUID
	everybody := false
	for _, r := range read.Entries {
		switch {
		case r.Keys:
		case r.Rights != 0:
			changed = append(changed, r.UserID)
		case r.SessionID != uuid.Nil:
			sessions = append(sessions, r.SessionID)
		case r.UserID != uuid.Nil:
			users = append(users, r.UserID)
		default:
			everybody = true
		}
	}
	if len(changed) > 0 && !read.Whole {
		log.Info().Int("count", len(changed)).Array("user_ids", loggedIDs(changed)).Msg("changes of roles or claims applied")
	}
	total := len(sessions) + len(users)
	if everybody {
		total++
	}
	if total == 0 {
		return
	}
	line := log.Info().Int("count", total).Bool("everybody", everybody)
	if read.Whole { // this server read the whole feed, for the first time or again
		line.Bool("whole", true).Msg("revocations applied")
		return
	}
	if len(users) > 0 {
		line.Array("user_ids", loggedIDs(users))
	}
	if len(sessions) > 0 {
		line.Array("session_ids", loggedIDs(sessions))
	}
	line.Msg("revocations applied")
}

func loggedIDs(ids []uuid.UUID) *zerolog.Array {
	all := zerolog.Arr()
	for _, id := range ids[:min(len(ids), maxLoggedIDs)] {
		all.Str(id.String())
	}
	return all
}

// logUnfinished logs the sessions whose logout is lost when this process ends.
func logUnfinished(log zerolog.Logger, sessions []uuid.UUID) {
	for some := range slices.Chunk(sessions, maxLoggedIDs) { // bounds the length of a line
		log.Warn().Array("sessions", loggedIDs(some)).
			Msg("these logouts were not written to the database before the server ended; end each session with authctl token revoke SESSION")
	}
}
