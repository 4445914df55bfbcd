package store

import "time"

// ImportedUser is a user as another installation, or another program, had it.
type ImportedUser struct {
	NewUser
	DisabledAt         time.Time // zero for an enabled user
	PasswordChangedAt  time.Time
	PasswordDisabledAt time.Time // zero while the password may be used
}

// ImportOutcome is what became of an [ImportedUser].
type ImportOutcome int

// The outcomes.
const (
	Imported ImportOutcome = iota
	There                  // a user with this id and this folded username was there, with a password; it is left as it is
	Taken                  // the id or the folded username is another user's
	Filled                 // such a user was there without a password, and has the one of the import now
	Bare                   // such a user was there without a password, and the import has none either; it is left as it is
)

// String names the outcome.
func (o ImportOutcome) String() string {
	return [...]string{"imported", "there", "taken", "filled", "bare"}[o]
}
