package store

import "time"

// ImportedUser is a user from another installation or another program.
type ImportedUser struct {
	NewUser
	DisabledAt         time.Time // zero for an enabled user
	PasswordChangedAt  time.Time
	PasswordDisabledAt time.Time // zero while the password may be used
	EmailVerifiedAt    time.Time // zero unless Email.Verified
}

// ImportOutcome is the result for one [ImportedUser].
type ImportOutcome int

// The outcomes. A user exists when one has both this id and this folded username.
const (
	Imported   ImportOutcome = iota
	There                    // this user exists, with a password; it is unchanged
	Taken                    // another user has the id or the folded username
	Filled                   // this user existed without a password and now has the imported one
	Bare                     // this user exists without a password, and the import has none either; it is unchanged
	EmailTaken               // another user has verified the address; nothing was added
)

// String returns the outcome's name in lower case.
func (o ImportOutcome) String() string {
	return [...]string{"imported", "there", "taken", "filled", "bare", "email_taken"}[o]
}
