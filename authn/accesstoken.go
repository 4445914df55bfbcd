package authn

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

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
	content := a.content(user, session.Generation, u.Rights, now, expires)
	content.ClientID, content.UserID, content.Username = cmp.Or(clientID, a.clientID), user, u.Username
	content.SessionID, content.SignedIn = session.ID.String(), a.signedIn(session)
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
	content := a.content(c.Client.ID.String(), c.Generation(), c.Client.Rights, now, expires)
	content.ClientID = c.Client.Name
	if token, err = a.sign(key, &content); err != nil {
		return "", time.Time{}, err
	}
	if len(token) > maxIssuedToken {
		return "", time.Time{}, fmt.Errorf("the access token of client %s would have %d bytes, and it may have %d: remove roles or claims with authctl client set, or shorten jwt.issuer and jwt.audience", c.Client.Name, len(token), maxIssuedToken)
	}
	return token, expires, nil
}

// content returns what the tokens of users and of service accounts have in common.
func (a *accessTokens) content(subject string, g store.Generation, r store.Rights, now, expires time.Time) claims {
	c := claims{
		ID:         newTokenID(),
		Issuer:     a.issuer,
		Audience:   a.audiences[0],
		Subject:    subject,
		Generation: [2]int64{g.Installation, g.User},
		IssuedAt:   now.Unix(),
		ExpiresAt:  expires.Unix(),
		Rights:     r.Generation,
	}
	if a.rights {
		c.Roles, c.Custom = roleList(r.Roles), userInfo(r.Claims)
	}
	return c
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
