package authn

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// key returns the key whose tokens have exactly this header. If the key is active but closed, the
// fault is this process's, not the token's. A key that is closed and not active counts as missing:
// a refresh helps the holder of such a token.
func (a *accessTokens) key(header string, now time.Time) (*signingKey, error) {
	k := a.ring.Load().byHeader[header]
	if k == nil && a.queryKey != nil {
		if err := a.queryKey(header); err != nil {
			return nil, err
		}
		k = a.ring.Load().byHeader[header]
	}
	switch {
	case k == nil || k.over(now):
		return nil, errBadToken
	case k.public != nil:
		return k, nil
	case k.State == store.KeyActive:
		return nil, errCannotSign
	default:
		return nil, errBadToken
	}
}

var errBadToken = refuse(CodeUnauthenticated, "sign in to continue")

// verify checks a token and returns its content. The header must be byte for byte one that issue
// writes. That fixes algorithm, type and key at once, and leaves no room for attacks through alg,
// crit or jku. The signature is checked before the payload is read. It fails with
// [CodeUnauthenticated], or with [CodeTokenExpired] and the claims when the token is valid but
// expired.
func (a *accessTokens) verify(token string, now time.Time) (accessClaims, error) {
	if len(token) > maxAccessToken {
		return accessClaims{}, errBadToken
	}
	start := strings.IndexByte(token, '.') + 1
	key, err := a.key(token[:start], now)
	if err != nil {
		return accessClaims{}, err
	}
	c, ok := key.seen.find(token)
	if !ok {
		if c, ok = key.read(token, start); !ok {
			return accessClaims{}, errBadToken
		}
		key.seen.add(token, c)
	}
	out, ok := a.accept(c, now)
	switch {
	case !ok:
		return accessClaims{}, errBadToken
	case now.Unix() >= c.ExpiresAt:
		return out, refuse(CodeTokenExpired, "the access token has expired, refresh it")
	default:
		return out, nil
	}
}

// read returns the claims of a token whose payload begins at start, if its signature is good.
func (k *signingKey) read(token string, start int) (claims, bool) {
	var c claims
	dot := strings.LastIndexByte(token, '.')
	if dot < start {
		return c, false
	}
	b64 := base64.RawURLEncoding.Strict()
	decoded := make([]byte, 0, len(token)-start) // room for both parts, so that there is one allocation
	signature, err := b64.AppendDecode(decoded, []byte(token[dot+1:]))
	if err != nil || b64.EncodedLen(len(signature)) != len(token)-dot-1 {
		return c, false
	}
	if k.method.Verify(token[:dot], signature, k.public) != nil {
		return c, false
	}
	payload, err := b64.AppendDecode(signature[len(signature):], []byte(token[start:dot]))
	if err != nil {
		return c, false
	}
	return c, json.Unmarshal(payload, &c, json.RejectUnknownMembers(true)) == nil
}

// bearer returns the session of a user's token, or the name of the service account that has the
// token. ok is false for a mixture of both.
func (c *claims) bearer() (sessionID uuid.UUID, client string, ok bool) {
	if c.UserID == "" && c.Username == "" && c.SessionID == "" && c.SignedIn == 0 {
		return uuid.Nil, c.ClientID, IsClientName(c.ClientID)
	}
	sessionID, err := uuid.Parse(c.SessionID)
	return sessionID, "", err == nil && sessionID != uuid.Nil && c.UserID == c.Subject && c.Username != ""
}

// accept checks the claims, except their expiry.
func (a *accessTokens) accept(c claims, now time.Time) (accessClaims, bool) {
	userID, err := uuid.Parse(c.Subject)
	sessionID, client, ok := c.bearer()
	latest := now.Add(clockSkew).Unix()
	lifetime := int64((a.ttl + time.Second - 1) / time.Second)
	if err != nil || !ok || userID == uuid.Nil ||
		c.Issuer != a.issuer || !slices.Contains(a.audiences, c.Audience) ||
		c.IssuedAt <= 0 || c.IssuedAt > latest ||
		c.ExpiresAt < c.IssuedAt || c.ExpiresAt > latest+lifetime || c.ExpiresAt-c.IssuedAt > lifetime {
		return accessClaims{}, false
	}
	return accessClaims{
		userID:     userID,
		client:     client,
		username:   c.Username,
		sessionID:  sessionID,
		expiresAt:  time.Unix(c.ExpiresAt, 0).UTC(),
		generation: store.Generation{Installation: c.Generation[0], User: c.Generation[1]},
		roles:      string(c.Roles),
		rights:     c.Rights,
	}, true
}
