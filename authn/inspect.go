package authn

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// Verdict is what can be said of a token.
type Verdict string

// The verdicts.
const (
	VerdictGood    Verdict = "good"     // it would be accepted now
	VerdictNotGood Verdict = "not good" // it would not, whatever is missing here
	VerdictUnknown Verdict = "unknown"  // nothing speaks against it, and what would be needed to tell is missing
)

// What a verdict may lack, by its name in the configuration.
const (
	MissingSecret   = "jwt.secret"
	MissingDatabase = "database"
)

// Inspection is everything that can be told of a token, but the token.
type Inspection struct {
	Kind       string // access, refresh or unknown
	Verdict    Verdict
	Why        string   // a sentence: why, or why not
	Missing    []string // what is needed to tell, of VerdictUnknown
	KeyID      string   // of an access token
	OurKey     bool     // KeyID is a key that this service verifies with
	UserID     uuid.UUID
	Username   string
	SessionID  uuid.UUID
	IssuedAt   time.Time
	ExpiresAt  time.Time
	Generation store.Generation // that the token, or its session, carries
	Current    store.Generation // that is current; zero when it could not be read
}

// is completes an inspection.
func (in Inspection) is(v Verdict, format string, args ...any) Inspection {
	in.Verdict, in.Why = v, fmt.Sprintf(format, args...)
	return in
}

// lacks notes what is missing, and why that is needed. A verdict that follows may do without.
func (in Inspection) lacks(what, format string, args ...any) Inspection {
	if slices.Contains(in.Missing, what) {
		return in
	}
	why := fmt.Sprintf(format, args...)
	if len(in.Missing) > 0 {
		why = in.Why + "; " + why
	}
	in.Missing = append(in.Missing, what)
	in.Verdict, in.Why = VerdictUnknown, why
	return in
}

// Inspect tells what a token is and whether it is good, from the database and not
// from the feed. It changes nothing: a refresh token that was used before is told to
// be so, and its session lives on.
//
// Without the secret of the token's key, or without the database, it tells what can be told:
// a token that has expired is not good, nor is one whose session has ended, whoever signed it.
// What nothing speaks against has the verdict unknown then.
func (s *Service) Inspect(ctx context.Context, token string) (in Inspection, err error) {
	if t, ok := parseRefreshToken(token); ok {
		in, err = s.inspectRefresh(ctx, t)
	} else if in, ok = decodeJWT(token); ok {
		in, err = s.inspectAccess(ctx, token, in)
	} else {
		in = in.is(VerdictNotGood, "it is neither a JWT nor a refresh token of authctl")
		in.Kind = "unknown"
	}
	if in.Verdict != VerdictUnknown {
		in.Missing = nil
	}
	return in, err
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
	in = s.checkSignature(token, in)
	if in.Verdict == VerdictNotGood {
		return in, nil
	}
	if s.store == nil {
		return in.lacks(MissingDatabase, "without the database nobody can tell whether its session lives"), nil
	}
	access, err := s.store.Access(ctx, in.UserID, in.SessionID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s.because(ctx, in, in.UserID, "its user does not exist any more")
	case errors.Is(err, store.ErrUnavailable) && ctx.Err() == nil:
		return in.lacks(MissingDatabase, "the database, which knows whether its session lives, did not answer: %v", err), nil
	case err != nil:
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
	case len(in.Missing) > 0:
		return in, nil
	}
	return in.is(VerdictGood, "it is good until %s", in.ExpiresAt.Format(time.RFC3339)), nil
}

// checkSignature judges what can be judged of an access token without its session. It leaves
// the verdict empty when nothing speaks against the token, and unknown when its signature
// cannot be checked here.
func (s *Service) checkSignature(token string, in Inspection) Inspection {
	now := s.now()
	header := token[:strings.IndexByte(token, '.')+1]
	bySecret := header == tokenHeader(AlgorithmHS256, in.KeyID) // the key is a secret
	_, err := s.access.verify(token, now)
	k := s.access.ring.Load().find(in.KeyID) // after it was looked for
	in.OurKey = k != nil && k.verifies(now)
	switch {
	case err == nil:
		return in
	case !in.ExpiresAt.After(now):
		return in.is(VerdictNotGood, "it expired at %s", in.ExpiresAt.Format(time.RFC3339))
	case !plausibleHeader(header):
		return in.is(VerdictNotGood, "its header is not what this service would have written")
	case k != nil && k.over(now):
		return in.is(VerdictNotGood, "its key %q was retired, and all that it signed has been dead since %s", in.KeyID, k.VerifyUntil.Format(time.RFC3339))
	case k != nil && k.public == nil && s.noSecret:
		return in.lacks(MissingSecret, "its key %q is one of this installation, and without jwt.secret nobody can tell whether that has signed it", in.KeyID)
	case k != nil && k.public == nil:
		return in.lacks(MissingSecret, "its key %q is one of this installation, and cannot be used here: %v", in.KeyID, k.closed)
	case k == nil && bySecret && s.noSecret && !s.Keys.reading.open.Load():
		return in.lacks(MissingSecret, "without jwt.secret nobody can tell whether it was signed with that")
	case k == nil && s.store == nil:
		return in.lacks(MissingDatabase, "it was signed with the key %q, which is not that of the configured jwt.secret, and the database knows the others", in.KeyID)
	case k == nil && CodeOf(err) == CodeUnavailable:
		return in.lacks(MissingDatabase, "it was signed with the key %q, and the database did not say whether that is one of its keys: %v", in.KeyID, err)
	case !in.OurKey:
		return in.is(VerdictNotGood, "it was signed with another key: %q is none of this installation%s", in.KeyID, s.activeKey())
	}
	return in.is(VerdictNotGood, "its signature, or one of its claims, is not what this service would have written")
}

// activeKey names the key that signs, where one is known.
func (s *Service) activeKey() string {
	if k := s.access.ring.Load().active; k != nil && !(s.noSecret && !s.Keys.reading.open.Load()) {
		return fmt.Sprintf(", and the active one is %q", k.ID)
	}
	return ""
}

func (s *Service) inspectRefresh(ctx context.Context, t refreshToken) (Inspection, error) {
	in := Inspection{Kind: "refresh", SessionID: t.sessionID()}
	if s.store == nil {
		return in.lacks(MissingDatabase, "without the database nobody can tell whether it is its session's current token"), nil
	}
	session, state, err := s.store.SessionState(ctx, in.SessionID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s.because(ctx, in, uuid.Nil, "its session has ended, or never was")
	case errors.Is(err, store.ErrUnavailable) && ctx.Err() == nil:
		return in.lacks(MissingDatabase, "the database, which knows whether it is its session's current token, did not answer: %v", err), nil
	case err != nil:
		return in, fail(err)
	}
	in.UserID, in.Username, in.IssuedAt, in.ExpiresAt = session.UserID, session.Username, session.CreatedAt, session.ExpiresAt
	in.Generation, in.Current = session.Generation, state.Current
	outcome := s.judge(t, state)
	if s.noSecret && (outcome == store.Reused || outcome == store.Lost) { // which of them, the secret tells
		return in.is(VerdictNotGood, "it is not its session's current token; presenting it would end the session"), nil
	}
	switch outcome {
	case store.Rotated:
		return in.is(VerdictGood, "it is the session's current token"), nil
	case store.Retried:
		return in.is(VerdictGood, "it was replaced a moment ago, and still yields the session's current token"), nil
	case store.Reused:
		return in.is(VerdictNotGood, "it was replaced before; presenting it would end the session"), nil
	case store.Lost:
		return in.is(VerdictNotGood, "it is newer than the database, which has lost the rotation that made it; presenting it would end the session"), nil
	case store.Expired:
		return in.is(VerdictNotGood, "its session expired at %s", in.ExpiresAt.Format(time.RFC3339)), nil
	case store.Disabled:
		return s.because(ctx, in, in.UserID, "its user is disabled")
	default:
		return s.because(ctx, in, in.UserID, "its generation is behind")
	}
}

// judge returns what a rotation of a session would come to now.
func (s *Service) judge(t refreshToken, state store.RotationState) store.Outcome {
	if clock := s.databaseClock(); !clock.IsZero() {
		state.Clock = clock
	}
	step := s.rules.Load().steps.read(t)
	return store.Rotation{TokenHash: t.hash(), Step: step, At: s.now(), RetryWindow: s.retry}.Judge(state)
}

// because says why a token is not good, and what brought that about if the audit trail knows:
// something that befell the session, or userID and everybody too where that is not zero.
func (s *Service) because(ctx context.Context, in Inspection, userID uuid.UUID, why string) (Inspection, error) {
	in = in.is(VerdictNotGood, "%s", why)
	e, err := s.store.Ending(ctx, userID, in.SessionID, in.IssuedAt)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrUnavailable) && ctx.Err() == nil {
		return in, nil // the verdict stands without it
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
