package authn

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"sync"
)

// keyedMAC computes HMAC-SHA256 (RFC 2104) with one key, for the messages of every request. It
// hashes the key once and not for each message, and allocates nothing.
type keyedMAC struct{ idle sync.Pool } // of *macState

type macState struct {
	hash    hash.Hash
	message []byte // copies, so that those of the callers stay on their stacks
	sum     [sha256.Size]byte
}

func newKeyedMAC(key []byte) *keyedMAC {
	return &keyedMAC{sync.Pool{New: func() any { return &macState{hash: hmac.New(sha256.New, key)} }}}
}

// sumOf returns the MAC of a message.
func sumOf[T string | []byte](m *keyedMAC, message T) [sha256.Size]byte {
	s := m.idle.Get().(*macState)
	s.message = append(s.message[:0], message...)
	s.hash.Reset()
	s.hash.Write(s.message)
	s.hash.Sum(s.sum[:0])
	sum := s.sum
	clear(s.message)
	m.idle.Put(s)
	return sum
}
