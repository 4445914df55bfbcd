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
	There                  // a user with this id and this folded username was there; it is left as it is
	Taken                  // the id or the folded username is another user's
)

// String names the outcome.
func (o ImportOutcome) String() string { return [...]string{"imported", "there", "taken"}[o] }
