package authn

import (
	"strings"
	"sync"
)

// The max number of tokens that a key remembers in each of two halves, and their max bytes: 7 MiB
// together. Tokens with many roles and claims reach the latter first.
const (
	maxSeenTokens = 4096
	maxSeenBytes  = maxSeenTokens * 900
)

// seenTokens caches the claims of tokens whose signature was good, because verifying an Ed25519
// signature takes longer than the rest of a request. It does not say whether a token is still
// valid. Only a token with a good signature gets in, so forged tokens evict nothing. It is safe for
// concurrent use.
type seenTokens struct {
	mu         sync.Mutex
	young, old map[string]claims // keyed by the whole token; a full young becomes old
	bytes      int               // of the tokens in young
}

// find returns the claims of a token, if it is cached.
func (s *seenTokens) find(token string) (claims, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.young[token]
	if !ok {
		if c, ok = s.old[token]; ok {
			s.put(token, c)
		}
	}
	return c, ok
}

// add adds a token.
func (s *seenTokens) add(token string, c claims) {
	token = strings.Clone(token) // it may share memory with all headers of a request
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(token, c)
}

func (s *seenTokens) put(token string, c claims) {
	if len(s.young) >= maxSeenTokens || s.bytes >= maxSeenBytes {
		s.old, s.young, s.bytes = s.young, nil, 0
	}
	if s.young == nil {
		s.young = make(map[string]claims)
	}
	s.young[token] = c
	s.bytes += len(token) + len(c.Roles)
}
