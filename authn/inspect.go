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

// Verdict is the result of inspecting a token.
type Verdict string

// The verdicts.
const (
	VerdictGood    Verdict = "good"     // it would be accepted now
	VerdictNotGood Verdict = "not good" // it would be refused, even if something is missing here
	VerdictUnknown Verdict = "unknown"  // no reason to refuse it was found, but something needed for a verdict is missing
)

// What may be missing for a verdict, by its name in the configuration.
const (
	MissingSecret   = "jwt.secret"
	MissingDatabase = "database"
)

// Inspection is everything that is known about a token, without the token itself.
type Inspection struct {
	Kind       string // access, refresh or unknown
	Verdict    Verdict
	Why        string    // the reason for the verdict, as a sentence
	Missing    []string  // what is missing, for VerdictUnknown
	KeyID      string    // the kid of an access token
	OurKey     bool      // KeyID is a key that this service verifies with
	UserID     uuid.UUID // of the service account, if Client is set
	Username   string
	Client     string // the name of a service account; "" for a user
	SessionID  uuid.UUID
	IssuedAt   time.Time
	ExpiresAt  time.Time
	Generation store.Generation // the generation of the token or its session
	Current    store.Generation // the current generation; zero when it could not be read

	rights int64 // the generation of roles and claims in an access token
}

// is returns the inspection with a verdict and its reason.
func (in Inspection) is(v Verdict, format string, args ...any) Inspection {
	in.Verdict, in.Why = v, fmt.Sprintf(format, args...)
	return in
}

// lacks returns the inspection with one more missing thing, and the reason why it is needed. A
// later verdict may not need it.
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

// Inspect reports what a token is and whether it is good. It reads the database, not the feed, and
// changes nothing: it reports that a refresh token was used before, and leaves its session alive.
//
// Without the secret of the token's key, or without the database, it reports what it can. An
// expired token is not good, nor is a token of an ended session, whoever signed it. If it finds no
// reason to refuse the token, the verdict is then unknown.
func (s *Service) Inspect(ctx context.Context, token string) (in Inspection, err error) {
	if t, ok := parseRefreshToken(token); ok {
		in, err = s.inspectRefresh(ctx, t)
	} else if in, ok = decodeJWT(token); ok {
		in, err = s.inspectAccess(ctx, token, in)
	} else if isClientSecret(token) {
		in = in.is(VerdictNotGood, "it is the secret of a service account, and no token; if somebody has seen it, authctl client rotate NAME --now ends it")
		in.Kind = "unknown"
	} else {
		in = in.is(VerdictNotGood, "it is neither a JWT nor a refresh token of authctl")
		in.Kind = "unknown"
	}
	if in.Verdict != VerdictUnknown {
		in.Missing = nil
	}
	return in, err
}

// decodeJWT decodes a JWT without verifying it.
func decodeJWT(token string) (Inspection, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(token) > maxAccessToken {
		return Inspection{}, false
	}
	var header struct {
		KeyID string `json:"kid"`
	}
	var c struct { // of whoever has issued the token
		Subject    string   `json:"sub"`
		ClientID   string   `json:"client_id"`
		UserID     string   `json:"user_id"`
		Username   string   `json:"username"`
		SessionID  string   `json:"sid"`
		Generation [2]int64 `json:"gen"`
		Rights     int64    `json:"rgen"`
		IssuedAt   int64    `json:"iat"`
		ExpiresAt  int64    `json:"exp"`
	}
	for i, into := range []any{&header, &c} {
		b, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil || json.Unmarshal(b, into) != nil {
			return Inspection{}, false
		}
	}
	in := Inspection{Kind: "access", KeyID: header.KeyID, Username: c.Username,
		IssuedAt: time.Unix(c.IssuedAt, 0).UTC(), ExpiresAt: time.Unix(c.ExpiresAt, 0).UTC(),
		Generation: store.Generation{Installation: c.Generation[0], User: c.Generation[1]}, rights: c.Rights}
	in.UserID, _ = uuid.Parse(c.Subject) // zero when the subject is no UUID
	in.SessionID, _ = uuid.Parse(c.SessionID)
	if c.UserID+c.Username+c.SessionID == "" && IsClientName(c.ClientID) {
		in.Client = c.ClientID
	}
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
	if in.Client != "" {
		return s.inspectClient(ctx, in)
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
	case in.rights < access.User.Rights.Generation:
		return in.is(VerdictNotGood, "the user's roles or claims have changed since; a refresh gets one that is good"), nil
	case len(in.Missing) > 0:
		return in, nil
	}
	return in.is(VerdictGood, "it is good until %s", in.ExpiresAt.Format(time.RFC3339)), nil
}

// inspectClient judges the access token of a service account, whose signature is good or cannot be
// verified here.
func (s *Service) inspectClient(ctx context.Context, in Inspection) (Inspection, error) {
	c, err := s.store.ClientByID(ctx, in.UserID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return s.because(ctx, in, in.UserID, "its client does not exist any more")
	case errors.Is(err, store.ErrUnavailable) && ctx.Err() == nil:
		return in.lacks(MissingDatabase, "the database, which knows whether its client is enabled, did not answer: %v", err), nil
	case err != nil:
		return in, fail(err)
	}
	in.Current = c.Generation()
	switch {
	case c.Client.Disabled():
		return s.because(ctx, in, in.UserID, "its client is disabled")
	case in.Generation.Behind(in.Current):
		return s.because(ctx, in, in.UserID, "its generation is behind: everything was revoked, the client was disabled, or its secrets, roles or claims have changed since")
	case len(in.Missing) > 0:
		return in, nil
	}
	return in.is(VerdictGood, "it is good until %s", in.ExpiresAt.Format(time.RFC3339)), nil
}

// checkSignature judges an access token without its session. It leaves the verdict empty if it
// finds no reason to refuse the token, and sets it to unknown if the signature cannot be verified
// here.
func (s *Service) checkSignature(token string, in Inspection) Inspection {
	now := s.now()
	header := token[:strings.IndexByte(token, '.')+1]
	bySecret := isHeader(header, AlgorithmHS256, in.KeyID) // the key is a secret
	_, err := s.access.verify(token, now)
	k := s.access.ring.Load().find(in.KeyID) // the query above may have added it
	in.OurKey = k != nil && k.verifies(now)
	switch {
	case err == nil:
		return in
	case !in.ExpiresAt.After(now):
		return in.is(VerdictNotGood, "it expired at %s", in.ExpiresAt.Format(time.RFC3339))
	case !plausibleHeader(header):
		return in.is(VerdictNotGood, "its header is not one that this service writes")
	case k != nil && k.over(now):
		return in.is(VerdictNotGood, "its key %q was retired, and every token that it signed has expired since %s", in.KeyID, k.VerifyUntil.Format(time.RFC3339))
	case k != nil && k.public == nil && s.noSecret:
		return in.lacks(MissingSecret, "its key %q belongs to this installation; without jwt.secret nobody can tell whether that key signed it", in.KeyID)
	case k != nil && k.public == nil:
		return in.lacks(MissingSecret, "its key %q belongs to this installation, and cannot be used here: %v", in.KeyID, k.openErr)
	case k == nil && bySecret && s.noSecret && !s.Keys.reading.open.Load():
		return in.lacks(MissingSecret, "without jwt.secret nobody can tell whether it was signed with that")
	case k == nil && s.store == nil:
		return in.lacks(MissingDatabase, "it was signed with the key %q, which is not that of the configured jwt.secret, and the database knows the others", in.KeyID)
	case k == nil && CodeOf(err) == CodeUnavailable:
		return in.lacks(MissingDatabase, "it was signed with the key %q, and the database did not say whether that is one of its keys: %v", in.KeyID, err)
	case !in.OurKey:
		return in.is(VerdictNotGood, "it was signed with another key: %q does not belong to this installation%s", in.KeyID, s.activeKey())
	}
	return in.is(VerdictNotGood, "its signature, or one of its claims, is not one that this service writes")
}

// activeKey returns a clause that names the signing key, "" when it is unknown.
func (s *Service) activeKey() string {
	if k := s.access.ring.Load().active; k != nil && !(s.noSecret && !s.Keys.reading.open.Load()) {
		return fmt.Sprintf(", and the active one is %q", k.ID)
	}
	return ""
}

// because completes a verdict of not good with a reason. If the audit trail has the event that
// ended the session, it adds that: an event of the session or, if userID is not zero, also of the
// user or of everybody.
func (s *Service) because(ctx context.Context, in Inspection, userID uuid.UUID, why string) (Inspection, error) {
	in = in.is(VerdictNotGood, "%s", why)
	e, err := s.store.Ending(ctx, userID, in.SessionID, in.IssuedAt)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrUnavailable) && ctx.Err() == nil {
		return in, nil // the trail has no such event
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
