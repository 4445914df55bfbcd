package server

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/authn"
)

const (
	crowdSize  = 5                // users of one address that make it a proxy's, or an office's
	crowdSpan  = 10 * time.Minute // how long users are remembered, at least; twice that at most
	maxCrowded = 8192             // addresses that are remembered in each half
)

// crowds remembers the users who have lately been signed in at each client address. Many users at
// one address are a sign of a proxy that the server does not know. It has two halves: a full or old
// young half becomes the old one. It is safe for concurrent use.
type crowds struct {
	mu         sync.Mutex
	young, old map[netip.Prefix][]uuid.UUID // at most crowdSize users each
	began      time.Time                    // when the young half was empty
}

// note remembers a user of an address block.
func (c *crowds) note(block netip.Prefix, user uuid.UUID, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.began) >= crowdSpan || len(c.young) >= maxCrowded {
		c.old, c.young, c.began = c.young, make(map[netip.Prefix][]uuid.UUID), now
	}
	users := c.young[block]
	if len(users) < crowdSize && !slices.Contains(users, user) {
		c.young[block] = append(users, user)
	}
}

// crowded reports whether crowdSize users or more have lately been signed in at an address block.
func (c *crowds) crowded(block netip.Prefix, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now.Sub(c.began) >= 2*crowdSpan {
		return false
	}
	users := len(c.young[block])
	for _, user := range c.old[block] {
		if !slices.Contains(c.young[block], user) {
			users++
		}
	}
	return users >= crowdSize
}

// warnCrowded warns, at most once a minute, that a limit refuses requests of an address that many
// users share. It names the setting that keeps their requests apart.
func (s *Server) warnCrowded(x *exchange, class string) {
	if !s.crowds.crowded(authn.AddressBlock(x.client), s.clock()) {
		return
	}
	setting, why := "server.trusted_proxies", "if it is the address of a proxy, or of an application that calls for its users, name it in "+
		"server.trusted_proxies and let it pass on the users' addresses; otherwise raise limits.address."+class
	if s.trusted(x.client) {
		setting, why = "server.forwarded_header", "it is in server.trusted_proxies, and its requests name no client in the header "+s.forwarded
	}
	s.crowding.Do(func() {
		s.log.Warn().
			Str("request_id", x.requestID()).
			Str("remote_addr", x.remote()).
			Str("class", class).
			Str("setting", setting).
			Str("reason", why).
			Msg("rate limit reached by an address that many users share")
	})
}
