package authn

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const (
	maxAccessToken = 4096             // bytes; longer ones are not looked at
	clockSkew      = 30 * time.Second // how far in the future iat may lie, when nodes disagree
)

// accessTokens signs and checks access tokens: JWTs with HS256 (RFC 7519), typ
// at+jwt (RFC 9068).
type accessTokens struct {
	key      []byte
	kid      string
	header   string // the encoded header of every token, and its dot
	issuer   string
	audience string
	ttl      time.Duration
}

// claims is the payload. Only these members are accepted, each once.
type claims struct {
	Issuer     string   `json:"iss"`
	Audience   string   `json:"aud,omitzero"`
	Subject    string   `json:"sub"`
	UserID     string   `json:"user_id"`
	Username   string   `json:"username"`
	SessionID  string   `json:"sid"`
	Generation [2]int64 `json:"gen"` // installation, user
	IssuedAt   int64    `json:"iat"`
	ExpiresAt  int64    `json:"exp"`
}

// accessClaims is what a good token says.
type accessClaims struct {
	userID     uuid.UUID
	username   string
	sessionID  uuid.UUID
	expiresAt  time.Time
	generation store.Generation
}

func newAccessTokens(secret, issuer, audience string, ttl time.Duration) *accessTokens {
	sum := sha256.Sum256([]byte("authctl key id" + secret))
	kid := hex.EncodeToString(sum[:8])
	header := fmt.Sprintf(`{"alg":"HS256","kid":%q,"typ":"at+jwt"}`, kid)
	return &accessTokens{
		key:      []byte(secret),
		kid:      kid,
		header:   base64.RawURLEncoding.EncodeToString([]byte(header)) + ".",
		issuer:   issuer,
		audience: audience,
		ttl:      ttl,
	}
}

// issue signs a token for a user's session. It expires after the access lifetime, but
// never later than the session itself.
func (a *accessTokens) issue(username string, session store.Session, now time.Time) (token string, expires time.Time, err error) {
	expires = now.Add(a.ttl)
	if session.ExpiresAt.Before(expires) {
		expires = session.ExpiresAt
	}
	expires = expires.Truncate(time.Second) // exp counts seconds
	payload, err := json.Marshal(claims{
		Issuer:     a.issuer,
		Audience:   a.audience,
		Subject:    session.UserID.String(),
		UserID:     session.UserID.String(),
		Username:   username,
		SessionID:  session.ID.String(),
		Generation: [2]int64{session.Generation.Installation, session.Generation.User},
		IssuedAt:   now.Unix(),
		ExpiresAt:  expires.Unix(),
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("encode access token: %w", err)
	}
	signed := a.header + base64.RawURLEncoding.EncodeToString(payload)
	signature, err := jwt.SigningMethodHS256.Sign(signed, a.key)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("sign access token: %w", err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature), expires, nil
}

// verify checks a token and returns what it says. The header must be, to the
// letter, the one that issue writes: that pins algorithm, type and key at once,
// and leaves alg, crit, jku and their kin nothing to say. The signature is
// checked before the payload is read. It fails with [CodeUnauthenticated], or
// with [CodeTokenExpired] (and the claims) when expiry is all that is wrong.
func (a *accessTokens) verify(token string, now time.Time) (accessClaims, error) {
	bad := refuse(CodeUnauthenticated, "sign in to continue")
	if len(token) > maxAccessToken || !strings.HasPrefix(token, a.header) {
		return accessClaims{}, bad
	}
	dot := strings.LastIndexByte(token, '.')
	if dot < len(a.header) {
		return accessClaims{}, bad
	}
	b64 := base64.RawURLEncoding.Strict()
	signature, err := b64.DecodeString(token[dot+1:])
	if err != nil || b64.EncodedLen(len(signature)) != len(token)-dot-1 {
		return accessClaims{}, bad
	}
	if jwt.SigningMethodHS256.Verify(token[:dot], signature, a.key) != nil {
		return accessClaims{}, bad
	}
	payload, err := b64.DecodeString(token[len(a.header):dot])
	if err != nil {
		return accessClaims{}, bad
	}
	var c claims
	if json.Unmarshal(payload, &c, json.RejectUnknownMembers(true)) != nil {
		return accessClaims{}, bad
	}
	out, ok := a.accept(c, now)
	switch {
	case !ok:
		return accessClaims{}, bad
	case now.Unix() >= c.ExpiresAt:
		return out, refuse(CodeTokenExpired, "the access token has expired, refresh it")
	default:
		return out, nil
	}
}

// accept judges everything about the claims but their expiry.
func (a *accessTokens) accept(c claims, now time.Time) (accessClaims, bool) {
	userID, err1 := uuid.Parse(c.Subject)
	sessionID, err2 := uuid.Parse(c.SessionID)
	latest := now.Add(clockSkew).Unix()
	lifetime := int64((a.ttl + time.Second - 1) / time.Second)
	if err1 != nil || err2 != nil || c.UserID != c.Subject || c.Username == "" || userID == uuid.Nil || sessionID == uuid.Nil ||
		c.Issuer != a.issuer || c.Audience != a.audience ||
		c.IssuedAt <= 0 || c.IssuedAt > latest ||
		c.ExpiresAt < c.IssuedAt || c.ExpiresAt > latest+lifetime || c.ExpiresAt-c.IssuedAt > lifetime {
		return accessClaims{}, false
	}
	return accessClaims{
		userID:     userID,
		username:   c.Username,
		sessionID:  sessionID,
		expiresAt:  time.Unix(c.ExpiresAt, 0).UTC(),
		generation: store.Generation{Installation: c.Generation[0], User: c.Generation[1]},
	}, true
}
