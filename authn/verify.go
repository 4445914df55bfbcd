package authn

import (
	"time"

	"github.com/google/uuid"
)

// Identity is the user and session of a verified access token. Only [Service.Verify] makes one, so
// code that has an Identity need not check the token again.
type Identity struct {
	userID    uuid.UUID
	username  string
	sessionID uuid.UUID
	expiresAt time.Time
}

// UserID returns the user's id.
func (i Identity) UserID() uuid.UUID { return i.userID }

// Username returns the user's name when the token was issued.
func (i Identity) Username() string { return i.username }

// SessionID returns the id of the session that asks.
func (i Identity) SessionID() uuid.UUID { return i.sessionID }

// ExpiresAt returns when the token expires.
func (i Identity) ExpiresAt() time.Time { return i.expiresAt }

// Verify verifies an access token against the revocations that this process knows, without a query.
// It fails with [CodeUnauthenticated], [CodeTokenExpired] or [CodeSessionRevoked]. It fails with
// [CodeUnavailable] while the revocation feed is stale: it never blames the token for a fault of
// the server.
func (s *Service) Verify(access string) (Identity, error) {
	c, err := s.access.verify(access, s.now())
	if err != nil {
		return Identity{}, err
	}
	known := s.Cluster.feed.current.Load()
	if s.Cluster.setback.Load() == nil && known.ended(c) {
		return Identity{}, errRevoked
	}
	if err := s.Cluster.vouches(known); err != nil {
		return Identity{}, err
	}
	return Identity{userID: c.userID, username: c.username, sessionID: c.sessionID, expiresAt: c.expiresAt}, nil
}
