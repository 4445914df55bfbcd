package authn

import "github.com/authctl/authctl/authn/hashing"

// PasswordState says whether a user has a password, and whether it may be used.
type PasswordState string

// The states.
const (
	PasswordNone       PasswordState = "none"       // nobody can sign in with one
	PasswordUsable     PasswordState = "usable"     // it may be used
	PasswordDisabled   PasswordState = "disabled"   // too many failed sign-ins have disabled it
	PasswordUnreadable PasswordState = "unreadable" // the format of its hash is unknown
)

// StoredPassword describes a user's password without its salt and hash.
type StoredPassword struct {
	State     PasswordState
	Algorithm string // argon2id, bcrypt, …; "" if there is none or it is unreadable
	Cost      string // in the algorithm's terms: "m=65536,t=3,p=1", "cost=10"
	Imported  bool   // the hash has the format of another program; an imported Argon2id hash in our format is not recognized
}

// DescribeHash describes a stored hash without computing anything. "" means no password.
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
