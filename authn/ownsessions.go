package authn

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// OwnPage is the max number of sessions in a page of [Service.OwnSessions].
const OwnPage = 100

// OwnSessions returns one page of a user's live sessions, newest first, with at most [OwnPage] of
// them. cursor is the next of the page before, "" for the first page. next is "" when there is no
// older session. It fails with [CodeInvalidRequest] for an invalid cursor.
func (s *Service) OwnSessions(ctx context.Context, who Identity, cursor string) (own []store.Session, next string, err error) {
	before, ok := parseAge(cursor)
	if !ok {
		return nil, "", refuse(CodeInvalidRequest, "that is not a cursor of this list")
	}
	own, err = s.store.UserSessions(ctx, store.UserSessionPage{UserID: who.userID, Now: s.now(), Before: before, Limit: OwnPage + 1})
	if err != nil {
		return nil, "", fail(err)
	}
	if len(own) > OwnPage {
		own = own[:OwnPage]
		next = formatAge(own[OwnPage-1])
	}
	return own, next, nil
}

const ageLength = 8 + 16 // bytes: microseconds and an id

func formatAge(t store.Session) string {
	raw := binary.BigEndian.AppendUint64(make([]byte, 0, ageLength), uint64(t.CreatedAt.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(append(raw, t.ID[:]...))
}

func parseAge(cursor string) (store.Age, bool) {
	if cursor == "" {
		return store.Age{}, true
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) != ageLength {
		return store.Age{}, false
	}
	at := time.UnixMicro(int64(binary.BigEndian.Uint64(raw))).UTC()
	return store.Age{CreatedAt: at, ID: uuid.UUID(raw[8:])}, at.Year() >= 1970 && at.Year() < 10000 // the range that both databases can compare
}

// EndOwnSession ends one of the user's own sessions. It fails with [CodeSessionNotFound], even when
// the session exists and belongs to another user.
func (s *Service) EndOwnSession(ctx context.Context, a Actor, who Identity, id uuid.UUID) error {
	a.Name = "user:" + who.userID.String()
	ended, err := s.store.EndUserSession(ctx, who.userID, id, a.event(store.ActionSessionRevoked, s.now()))
	if err != nil {
		return fail(err)
	}
	if !ended {
		return refuse(CodeSessionNotFound, "you have no such session")
	}
	s.Cluster.catchUp(ctx)
	return nil
}

// EndOtherSessions ends every session of the user except the one that makes the request. It fails
// with [CodeSessionRevoked] when the account was deleted meanwhile.
func (s *Service) EndOtherSessions(ctx context.Context, a Actor, who Identity) error {
	a.Name = "user:" + who.userID.String()
	err := s.store.EndOtherSessions(ctx, who.userID, who.sessionID, a.event(store.ActionOthersRevoked, s.now()))
	if errors.Is(err, store.ErrNotFound) {
		return errRevoked // the account was deleted meanwhile
	}
	if err != nil {
		return fail(err)
	}
	s.Cluster.catchUp(ctx)
	return nil
}
