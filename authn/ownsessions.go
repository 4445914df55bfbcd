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

// OwnPage is the largest page of [Service.OwnSessions].
const OwnPage = 100

// OwnSessions returns one page of the live sessions of a user, the newest first: at most
// [OwnPage], after the cursor that came with the page before, "" for the newest. next is
// the cursor to go on with, "" when there is no older session. It fails with
// [CodeInvalidRequest] for another cursor.
func (s *Service) OwnSessions(ctx context.Context, who Identity, cursor string) (own []store.Session, next string, err error) {
	before, ok := parseAge(cursor)
	if !ok {
		return nil, "", refuse(CodeInvalidRequest, "that is no cursor of this list")
	}
	own, err = s.store.UserSessions(ctx, store.UserSessionPage{UserID: who.UserID, Now: s.now(), Before: before, Limit: OwnPage + 1})
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
	return store.Age{CreatedAt: at, ID: uuid.UUID(raw[8:])}, at.Year() >= 1970 && at.Year() < 10000 // what both databases can compare
}

// EndOwnSession ends one session of the user that who is. It fails with
// [CodeSessionNotFound], also when the session is somebody else's.
func (s *Service) EndOwnSession(ctx context.Context, a Actor, who Identity, id uuid.UUID) error {
	a.Name = "user:" + who.UserID.String()
	ended, err := s.store.EndUserSession(ctx, who.UserID, id, a.event(store.ActionSessionRevoked, s.now()))
	if err != nil {
		return fail(err)
	}
	if !ended {
		return refuse(CodeSessionNotFound, "you have no such session")
	}
	s.Cluster.catchUp(ctx)
	return nil
}

// EndOtherSessions ends every session of the user that who is, but the one that asks. It
// fails with [CodeSessionRevoked] when the account was deleted meanwhile.
func (s *Service) EndOtherSessions(ctx context.Context, a Actor, who Identity) error {
	a.Name = "user:" + who.UserID.String()
	err := s.store.EndOtherSessions(ctx, who.UserID, who.SessionID, a.event(store.ActionOthersRevoked, s.now()))
	if errors.Is(err, store.ErrNotFound) {
		return errRevoked // the account was deleted meanwhile
	}
	if err != nil {
		return fail(err)
	}
	s.Cluster.catchUp(ctx)
	return nil
}
