package authn

import "github.com/authctl/authctl/authn/hashing"

// PasswordState says whether a user has a password, and whether it may be used.
type PasswordState string

// The states.
const (
	PasswordNone       PasswordState = "none"       // nobody can sign in with one
	PasswordUsable     PasswordState = "usable"     // it may be used
	PasswordDisabled   PasswordState = "disabled"   // too many failed sign-ins have disabled it
	PasswordUnreadable PasswordState = "unreadable" // its hash is of no format that is known here
)

// StoredPassword is what may be told of a user's password: nothing of its salt or its hash.
type StoredPassword struct {
	State     PasswordState
	Algorithm string // argon2id, bcrypt, …; "" for none, and for one that is unreadable
	Cost      string // in the algorithm's own terms: "m=65536,t=3,p=1", "cost=10"
	Imported  bool   // another program made the hash, as its spelling shows; Argon2id in our spelling may be imported too
}

// DescribeHash reads what a stored hash is, and computes nothing. "" is no password.
func DescribeHash(encoded string) StoredPassword {
	if encoded == "" {
		return StoredPassword{State: PasswordNone}
	}
	d, known := hashing.Describe(encoded)
	if !known {
		return StoredPassword{State: PasswordUnreadable}
	}
	return StoredPassword{State: PasswordUsable, Algorithm: d.Algorithm, Cost: d.Cost, Imported: d.Imported}
}
