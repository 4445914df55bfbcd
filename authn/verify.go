package authn

import (
	"time"

	"github.com/google/uuid"
)

// Identity is the user and session of a verified access token. Only [Service.Verify] makes one, so
// code that has an Identity need not check the token again.
type Identity struct {
	UserID    uuid.UUID
	Username  string
	SessionID uuid.UUID
	ExpiresAt time.Time
}

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
	return Identity{UserID: c.userID, Username: c.username, SessionID: c.sessionID, ExpiresAt: c.expiresAt}, nil
}
