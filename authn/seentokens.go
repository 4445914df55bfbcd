package authn

import (
	"strings"
	"sync"
)

// seenTokensMost is how many tokens a key remembers in each of two halves: 6 MiB together.
const seenTokensMost = 4096

// seenTokens remembers, of tokens whose signature was good, what they say: to look at an
// Ed25519 signature takes longer than the rest of a request. It says nothing about
// whether a token still counts. Nobody gets in without a good signature, so that
// made-up tokens push no good ones out. It is safe for concurrent use.
type seenTokens struct {
	mu         sync.Mutex
	young, old map[string]claims // by the whole token; when young is full it becomes old
}

// find returns what a token says, if it was seen.
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

// add remembers a token.
func (s *seenTokens) add(token string, c claims) {
	token = strings.Clone(token) // it may be a part of all the headers of a request
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(token, c)
}

func (s *seenTokens) put(token string, c claims) {
	if len(s.young) >= seenTokensMost {
		s.old, s.young = s.young, nil
	}
	if s.young == nil {
		s.young = make(map[string]claims)
	}
	s.young[token] = c
}
