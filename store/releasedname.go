package store

import "crypto/sha256"

// ReleasedName returns what a database remembers of the name of a user who was deleted: the
// SHA-256 of a label and the folded username. A name, often an e-mail address, is about a
// person, who may have asked to be forgotten; the hash is enough to recognize it. It hides the
// name from who reads the table, and not from who guesses it, which a key would only do while
// it is kept from the database's readers and never changed.
func ReleasedName(folded string) []byte {
	hash := sha256.Sum256([]byte("authctl released name\x00" + folded))
	return hash[:]
}
