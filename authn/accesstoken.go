package authn

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// AudienceNone is the [Config].Audience of access tokens without an aud.
const AudienceNone = "none"

const (
	maxAccessToken = 4096             // bytes; longer ones are refused unread
	maxIssuedToken = 3500             // bytes; browsers drop a cookie of more than 4,096 bytes with its name (RFC 6265bis, section 5.6)
	clockSkew      = 30 * time.Second // how far in the future iat may lie, when nodes disagree
)

// accessTokens signs and verifies access tokens: JWTs (RFC 7519) as RFC 9068 describes them.
type accessTokens struct {
	ring      atomic.Pointer[keyring]
	queryKey  func(header string) error // may add a missing key to the ring; nil for none
	issuer    string
	audiences []string // the aud of new tokens, and then others that are accepted; "" is a token without aud
	clientID  string
	typ       tokenType // of new tokens
	ttl       time.Duration
	rights    bool // tokens carry roles and claims
	envelope  int  // max length of header and signature, encoded, with the dots
}

// claims is the payload of an access token. A token may have only these members, each once. Tokens
// of older releases lack jti, client_id and auth_time; nothing here depends on them.
type claims struct {
	ID         tokenID  `json:"jti"`
	ClientID   string   `json:"client_id"` // of a service account, its name
	Issuer     string   `json:"iss"`
	Audience   string   `json:"aud,omitzero"`
	Subject    string   `json:"sub"` // a user, or a service account
	Generation [2]int64 `json:"gen"` // installation, sub
	IssuedAt   int64    `json:"iat"`
	ExpiresAt  int64    `json:"exp"`

	// A service account has none of these. Servers of releases without service accounts insist on the
	// first three, and so refuse its tokens.
	UserID    string `json:"user_id,omitzero"`
	Username  string `json:"username,omitzero"`
	SessionID string `json:"sid,omitzero"`
	SignedIn  int64  `json:"auth_time,omitzero"`

	// Of sub, each absent while there is none. Servers of releases without them refuse tokens that
	// have one.
	Roles  roleList `json:"roles,omitzero"` // RFC 9068, section 2.2.3.1
	Custom userInfo `json:"claims,omitzero"`
	Rights int64    `json:"rgen,omitzero"` // generation of roles and claims
}

// accessClaims is the content of a verified token.
type accessClaims struct {
	userID     uuid.UUID // of the service account, if client is set
	username   string    // "" for a service account, as sessionID is zero
	sessionID  uuid.UUID
	expiresAt  time.Time
	generation store.Generation
	roles      string // as in store.Rights
	rights     int64  // generation of the roles and claims
	client     string // the name of a service account; "" for a user
}

// newAccessTokens returns accessTokens with the secrets as keys of HS256, until another ring is
// set. The first secret signs.
func newAccessTokens(secrets []keySecret, issuer, audience string, ttl time.Duration) *accessTokens {
	a := &accessTokens{issuer: issuer, audiences: audiences(audience, issuer), ttl: ttl, rights: true, envelope: envelopeOf(AlgorithmHS256)}
	a.clientID = cmp.Or(a.audiences[0], issuer)
	var rows []store.SigningKey
	for i, secret := range secrets {
		k := secretKey(secret, time.Time{})
		k.State = store.KeyRetired
		if i == 0 {
			k.State = store.KeyActive
		}
		rows = append(rows, k)
	}
	a.ring.Store(newKeyring(rows, secrets, nil))
	return a
}

// audiences returns the aud of new tokens, and then the others that are accepted. A configured
// audience is the only one. Without one it is the issuer; tokens without aud are accepted too,
// because releases before issued them by default, and so do servers with [AudienceNone].
func audiences(configured, issuer string) []string {
	switch configured {
	case "":
		return []string{issuer, ""}
	case AudienceNone:
		return []string{"", issuer}
	default:
		return []string{configured}
	}
}

// issue signs a token for a user's session. clientID is its client_id, "" for the configured one. The
// token expires after the access lifetime, but never later than the session. It never has more than
// 3,500 bytes: issue fails then. [Service.SetRights] and [Service.RenameUser] refuse what would lead
// there; a longer issuer may.
func (a *accessTokens) issue(u store.User, session store.Session, clientID string, now time.Time) (token string, expires time.Time, err error) {
	key := a.ring.Load().active
	if !key.signs() {
		return "", time.Time{}, errCannotSign
	}
	expires = now.Add(a.ttl)
	if session.ExpiresAt.Before(expires) {
		expires = session.ExpiresAt
	}
	expires = expires.Truncate(time.Second) // exp counts seconds
	user := session.UserID.String()
	content := claims{
		ID:         newTokenID(),
		ClientID:   cmp.Or(clientID, a.clientID),
		Issuer:     a.issuer,
		Audience:   a.audiences[0],
		Subject:    user,
		UserID:     user,
		Username:   u.Username,
		SessionID:  session.ID.String(),
		SignedIn:   a.signedIn(session),
		Generation: [2]int64{session.Generation.Installation, session.Generation.User},
		IssuedAt:   now.Unix(),
		ExpiresAt:  expires.Unix(),
		Rights:     u.Rights.Generation,
	}
	if a.rights {
		content.Roles, content.Custom = roleList(u.Rights.Roles), userInfo(u.Rights.Claims)
	}
	if token, err = a.sign(key, &content); err != nil {
		return "", time.Time{}, err
	}
	if len(token) > maxIssuedToken {
		return "", time.Time{}, fmt.Errorf("the access token of user %s would have %d bytes, and it may have %d: remove roles or claims with authctl user set, or shorten jwt.issuer, jwt.audience and the id in clients", user, len(token), maxIssuedToken)
	}
	return token, expires, nil
}

// issueClient signs a token for a service account, of the generation that was read with its secret.
// Its length is limited as in issue.
func (a *accessTokens) issueClient(c store.ClientCredentials, now time.Time) (token string, expires time.Time, err error) {
	key := a.ring.Load().active
	if !key.signs() {
		return "", time.Time{}, errCannotSign
	}
	expires = now.Add(a.ttl).Truncate(time.Second) // exp counts seconds
	content := claims{
		ID:         newTokenID(),
		ClientID:   c.Client.Name,
		Issuer:     a.issuer,
		Audience:   a.audiences[0],
		Subject:    c.Client.ID.String(),
		Generation: [2]int64{c.Installation, c.Client.Rights.Generation},
		IssuedAt:   now.Unix(),
		ExpiresAt:  expires.Unix(),
		Rights:     c.Client.Rights.Generation,
	}
	if a.rights {
		content.Roles, content.Custom = roleList(c.Client.Rights.Roles), userInfo(c.Client.Rights.Claims)
	}
	if token, err = a.sign(key, &content); err != nil {
		return "", time.Time{}, err
	}
	if len(token) > maxIssuedToken {
		return "", time.Time{}, fmt.Errorf("the access token of client %s would have %d bytes, and it may have %d: remove roles or claims with authctl client set, or shorten jwt.issuer and jwt.audience", c.Client.Name, len(token), maxIssuedToken)
	}
	return token, expires, nil
}

// sign returns the token with this content, signed by a key.
func (a *accessTokens) sign(key *signingKey, content *claims) (string, error) {
	payload, err := content.appendJSON(make([]byte, 0, 512))
	if err != nil {
		return "", fmt.Errorf("encode access token: %w", err)
	}
	b64, header := base64.RawURLEncoding, key.headers[a.typ]
	text := make([]byte, 0, a.envelope+b64.EncodedLen(len(payload)))
	text = b64.AppendEncode(append(text, header...), payload)
	signature, err := key.method.Sign(string(text), key.private)
	if err != nil {
		return "", fmt.Errorf("sign access token: %w", err)
	}
	return string(b64.AppendEncode(append(text, '.'), signature)), nil
}

// signedIn returns the auth_time of a session's tokens: when it signed in, in seconds (RFC 9068,
// section 2.2.1). It is 0 for no auth_time. Servers of releases before refuse tokens that have one,
// and [AudienceNone] is for tokens as those releases wrote them.
func (a *accessTokens) signedIn(session store.Session) int64 {
	if session.CreatedAt.IsZero() || a.audiences[0] == "" {
		return 0
	}
	return session.CreatedAt.Unix()
}

// errCannotSign means that this process has no key to sign with. Another process may have it.
var errCannotSign = &Error{Code: CodeUnavailable, Message: "this server cannot sign access tokens at the moment", RetryAfter: 5 * time.Second,
	Err: errors.New("the active signing key cannot be opened: authctl key list shows why")}

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
