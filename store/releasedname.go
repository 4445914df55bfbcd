package store

import "crypto/sha256"

// ReleasedName returns the form in which a database remembers the name of a deleted user: the
// SHA-256 of a label and the folded username. A name, often an e-mail address, is personal data,
// and its owner may have asked for its erasure; the hash is enough to recognize it. The hash hides
// the name from readers of the table, but not from a guess. A key would prevent guesses only if it
// were kept from the database's readers and never changed.
func ReleasedName(folded string) []byte {
	hash := sha256.Sum256([]byte("authctl released name\x00" + folded))
	return hash[:]
}
