package hashing

import (
	"strings"

	"github.com/authctl/authctl/authn/hashing/foreign"
)

// Description is what may be told of a stored hash: nothing of its salt and its tag.
type Description struct {
	Algorithm string // argon2id, bcrypt, …
	Cost      string // in the algorithm's own terms: "m=65536,t=3,p=1", "cost=10"
	Imported  bool   // another program made the hash, as its spelling shows; Argon2id in our spelling may be imported too
}

// maxDescribed is how much working memory a described hash may ask for: as much as the bounds allow any
// hash. Whether this machine has the memory does not matter.
const maxDescribed = 1 << 30 // bytes

// Describe reads what a stored hash is, and computes nothing. It reports false for a format that is not known.
func Describe(encoded string) (Description, bool) {
	if d, err := parseDigest(encoded); err == nil {
		return Description{Algorithm: "argon2id", Cost: d.params.String()}, true
	}
	_, rest, _ := cutPrehash(encoded)
	h, err := foreign.Parse(rest, maxDescribed)
	if err != nil {
		return Description{}, false
	}
	return Description{Algorithm: h.Algorithm(), Cost: h.Settings(), Imported: !strings.HasPrefix(encoded, phcPrefix)}, true
}
