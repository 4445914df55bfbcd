package hashing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
)

// peppers are secret keys that passwords are hashed with in addition to the salt. They are not in the
// database: without them, stolen hashes cannot be attacked.
type peppers struct {
	current string            // id of the pepper for new hashes; "" for none
	keys    map[string][]byte // by id
}

// pepperIDLength is the length of an id: 6 bytes in base64.
const pepperIDLength = 8

// newPeppers files peppers under their ids.
func newPeppers(current string, previous []string) peppers {
	p := peppers{keys: map[string][]byte{}}
	if current != "" {
		p.current = p.add(current)
	}
	for _, secret := range previous {
		p.add(secret)
	}
	return p
}

// add files a pepper under its id, and returns the id. The id does not reveal the pepper.
func (p peppers) add(secret string) (id string) {
	key := []byte(secret)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("authctl pepper id"))
	id = base64.RawStdEncoding.EncodeToString(mac.Sum(nil)[:6])
	p.keys[id] = key
	return id
}

var errUnknownPepper = errors.New("stored password hash was made with a pepper that is neither password.pepper nor in password.previous_peppers")

// season returns what is hashed for a password: HMAC-SHA-256 under the pepper with
// this id, or the password itself for the id "".
func (p peppers) season(id, password string) ([]byte, error) {
	if id == "" {
		return []byte(password), nil
	}
	key, known := p.keys[id]
	if !known {
		return nil, errUnknownPepper
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(password))
	return mac.Sum(nil), nil
}
