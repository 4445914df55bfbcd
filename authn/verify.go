package authn

import (
	"time"

	"github.com/google/uuid"
)

// Identity is who an access token speaks for. Whatever needs one has had the token
// checked: [Service.Verify] alone makes it.
type Identity struct {
	UserID    uuid.UUID
	Username  string
	SessionID uuid.UUID
	ExpiresAt time.Time
}

// Verify checks an access token against what this process knows of revocations,
// and asks nobody. It fails with [CodeUnauthenticated], [CodeTokenExpired],
// [CodeSessionRevoked], or with [CodeUnavailable] while it has lost sight of the
// feed: it never blames the token for a fault of its own.
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
