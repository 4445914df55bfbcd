package authn

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// Inspection is everything that can be told of a token, but the token.
type Inspection struct {
	Kind       string // access, refresh or unknown
	Good       bool   // it would be accepted now
	Why        string // a sentence: why, or why not
	KeyID      string // of an access token
	OurKey     bool   // KeyID is a key that this service verifies with
	UserID     uuid.UUID
	Username   string
	SessionID  uuid.UUID
	IssuedAt   time.Time
	ExpiresAt  time.Time
	Generation store.Generation // that the token, or its session, carries
	Current    store.Generation // that is current
}

// Inspect tells what a token is and whether it is good, from the database and not
// from the feed. It changes nothing: a refresh token that was used before is told to
// be so, and its session lives on.
func (s *Service) Inspect(ctx context.Context, token string) (Inspection, error) {
	if t, ok := parseRefreshToken(token); ok {
		return s.inspectRefresh(ctx, t)
	}
	if in, ok := decodeJWT(token); ok {
		k := s.access.ring.Load().find(in.KeyID)
		in.OurKey = k != nil && k.verifies(s.now())
		return s.inspectAccess(ctx, token, in)
	}
	return Inspection{Kind: "unknown", Why: "it is neither a JWT nor a refresh token of authctl"}, nil
}

// decodeJWT reads what a JWT says, and believes none of it.
func decodeJWT(token string) (Inspection, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > maxAccessToken {
		return Inspection{}, false
	}
	var header struct {
		KeyID string `json:"kid"`
	}
	var c claims
	for i, into := range []any{&header, &c} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(b, into) != nil {
			return Inspection{}, false
		}
	}
	in := Inspection{Kind: "access", KeyID: header.KeyID, Username: c.Username,
		IssuedAt: time.Unix(c.IssuedAt, 0).UTC(), ExpiresAt: time.Unix(c.ExpiresAt, 0).UTC(),
		Generation: store.Generation{Installation: c.Generation[0], User: c.Generation[1]}}
	in.UserID, _ = uuid.Parse(c.Subject) // zero when it is none
	in.SessionID, _ = uuid.Parse(c.SessionID)
	return in, true
}

func (s *Service) inspectAccess(ctx context.Context, token string, in Inspection) (Inspection, error) {
	_, err := s.access.verify(token, s.now())
	switch {
	case err != nil && CodeOf(err) == CodeTokenExpired:
		in.Why = "it expired at " + in.ExpiresAt.Format(time.RFC3339)
		return in, nil
	case err != nil && !in.OurKey:
		in.Why = fmt.Sprintf("it was signed with another key: %q, and the active one is %q", in.KeyID, s.KeyID())
		return in, nil
	case err != nil:
		in.Why = "its signature, or one of its claims, is not what this service would have written"
		return in, nil
	}
	access, err := s.store.Access(ctx, in.UserID, in.SessionID)
	if errors.Is(err, store.ErrNotFound) {
		return s.because(ctx, in, in.UserID, "its user does not exist any more")
	}
	if err != nil {
		return in, fail(err)
	}
	in.Current = access.Generation
	switch {
	case access.User.Disabled():
		return s.because(ctx, in, in.UserID, "its user is disabled")
	case in.Generation.Behind(in.Current) && !access.SessionCurrent:
		return s.because(ctx, in, in.UserID, "its generation is behind")
	case !access.SessionExists:
		return s.because(ctx, in, uuid.Nil, "its session has ended")
	}
	in.Good, in.Why = true, "it is good until "+in.ExpiresAt.Format(time.RFC3339)
	return in, nil
}

func (s *Service) inspectRefresh(ctx context.Context, t refreshToken) (Inspection, error) {
	in := Inspection{Kind: "refresh", SessionID: t.sessionID()}
	session, state, err := s.store.SessionState(ctx, in.SessionID)
	if errors.Is(err, store.ErrNotFound) {
		return s.because(ctx, in, uuid.Nil, "its session has ended, or never was")
	}
	if err != nil {
		return in, fail(err)
	}
	in.UserID, in.Username, in.IssuedAt, in.ExpiresAt = session.UserID, session.Username, session.CreatedAt, session.ExpiresAt
	in.Generation, in.Current = session.Generation, state.Current
	if clock := s.databaseClock(); !clock.IsZero() {
		state.Clock = clock
	}
	step := s.rules.Load().steps.read(t)
	switch (store.Rotation{TokenHash: t.hash(), Step: step, At: s.now(), RetryWindow: s.retry}).Judge(state) {
	case store.Rotated:
		in.Good, in.Why = true, "it is the session's current token"
	case store.Retried:
		in.Good, in.Why = true, "it was replaced a moment ago, and still yields the session's current token"
	case store.Reused:
		in.Why = "it was replaced before; presenting it would end the session"
	case store.Lost:
		in.Why = "it is newer than the database, which has lost the rotation that made it; presenting it would end the session"
	case store.Expired:
		in.Why = "its session expired at " + in.ExpiresAt.Format(time.RFC3339)
	case store.Disabled:
		return s.because(ctx, in, in.UserID, "its user is disabled")
	default:
		return s.because(ctx, in, in.UserID, "its generation is behind")
	}
	return in, nil
}

// because says why, and what brought it about if the audit trail knows: something
// that befell the session, or userID and everybody too where that is not zero.
func (s *Service) because(ctx context.Context, in Inspection, userID uuid.UUID, why string) (Inspection, error) {
	in.Why = why
	e, err := s.store.Ending(ctx, userID, in.SessionID, in.IssuedAt)
	if errors.Is(err, store.ErrNotFound) {
		return in, nil
	}
	if err != nil {
		return in, fail(err)
	}
	in.Why += fmt.Sprintf(", since %s: %s by %s", e.At.Format(time.RFC3339), e.Action, e.Actor)
	if e.Reason != "" {
		in.Why += fmt.Sprintf(", %q", e.Reason)
	}
	return in, nil
}
