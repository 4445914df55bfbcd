package authn

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

var errOutdated = refuse(CodeTokenExpired, "the user's roles or claims have changed, refresh the access token")

// Of the tokens of service accounts.
var (
	errClientRevoked  = refuse(CodeSessionRevoked, "the access token was revoked, ask /token for another one")
	errClientOutdated = refuse(CodeTokenExpired, "the roles or claims of the client have changed, ask /token for another access token")
)

// Identity is who has a verified access token: a user and a session, or a service account. Only [Service.Verify] makes one, so
// code that has an Identity need not check the token again.
type Identity struct {
	userID    uuid.UUID // zero for a service account, as the next two are
	username  string
	sessionID uuid.UUID
	client    string // "" for a user
	clientID  uuid.UUID
	expiresAt time.Time
	roles     string // as in store.Rights
}

// Client returns the name of the service account that asks, "" for a user.
func (i Identity) Client() string { return i.client }

// ClientID returns the id of the service account that asks, zero for a user.
func (i Identity) ClientID() uuid.UUID { return i.clientID }

// UserID returns the user's id, zero for a service account, so that nobody takes it for a user.
func (i Identity) UserID() uuid.UUID { return i.userID }

// Username returns the user's name when the token was issued, "" for a service account.
func (i Identity) Username() string { return i.username }

// SessionID returns the id of the session that asks, zero for a service account.
func (i Identity) SessionID() uuid.UUID { return i.sessionID }

// ExpiresAt returns when the token expires.
func (i Identity) ExpiresAt() time.Time { return i.expiresAt }

// Roles returns the roles when the token was issued: sorted words, separated by spaces, ""
// for none.
func (i Identity) Roles() string { return i.roles }

// HasRole reports whether the user or service account has one of some roles.
func (i Identity) HasRole(roles ...string) bool {
	for has := range strings.FieldsSeq(i.roles) {
		if slices.Contains(roles, has) {
			return true
		}
	}
	return false
}

// RolesInTokens reports whether access tokens carry the users' roles, so that Identities have them.
func (s *Service) RolesInTokens() bool { return s.access.rights }

// Verify verifies an access token against the revocations that this process knows, without a query.
// It fails with [CodeUnauthenticated], [CodeSessionRevoked], or [CodeTokenExpired], also when the
// user's roles or claims have changed since the token was issued. It fails with [CodeUnavailable]
// while the revocation feed is stale: it never blames the token for a fault of the server.
func (s *Service) Verify(access string) (Identity, error) {
	c, err := s.access.verify(access, s.now())
	if err != nil {
		return Identity{}, err
	}
	if err := s.Cluster.judge(c); err != nil {
		return Identity{}, err
	}
	who := Identity{userID: c.userID, username: c.username, sessionID: c.sessionID, expiresAt: c.expiresAt}
	if c.client != "" {
		who.userID, who.client, who.clientID = uuid.Nil, c.client, c.userID
	}
	if s.access.rights {
		who.roles = c.roles
	}
	return who, nil
}

// or returns the first error for the token of a user, the second for that of a service account.
func (c *accessClaims) or(user, client error) error {
	if c.client != "" {
		return client
	}
	return user
}

// judge checks a token that is genuine against the revocations that this process knows. It vouches for
// no token during a setback, and then does not say either that one is dead: the database may have lost
// the ending. A setback may end after its first check here: then it is the second that finds the ending.
func (c *Cluster) judge(token accessClaims) error {
	known := c.feed.current.Load()
	whole := c.setback.Load() == nil
	if whole && known.ended(token) {
		return token.or(errRevoked, errClientRevoked)
	}
	if err := c.vouches(known); err != nil {
		return err
	}
	switch {
	case !whole && known.ended(token):
		return token.or(errRevoked, errClientRevoked)
	case known.outdated(token):
		return token.or(errOutdated, errClientOutdated)
	default:
		return nil
	}
}
