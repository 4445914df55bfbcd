package authn

// Weakness says why a password is refused with [CodeWeakPassword]. It is a stable word for programs.
type Weakness string

// The weaknesses.
const (
	WeakMalformed  Weakness = "malformed" // no valid UTF-8, too long, or with U+0000 or U+FFFD
	WeakShort      Weakness = "too_short"
	WeakCommon     Weakness = "common"
	WeakName       Weakness = "name"
	WeakSequence   Weakness = "sequence"
	WeakRepetition Weakness = "repetition"
)

// Weaknesses returns every weakness.
func Weaknesses() []Weakness {
	return []Weakness{WeakMalformed, WeakShort, WeakCommon, WeakName, WeakSequence, WeakRepetition}
}

// guess says of a password that is easy to guess why it is.
var guess = map[Weakness]string{
	WeakCommon:     "is one of the most common ones, or close to one",
	WeakName:       "is the name or the address of the user, or the name of the service",
	WeakSequence:   "is a sequence",
	WeakRepetition: "repeats one short piece",
}

// weak returns the error for a new password.
func weak(why Weakness, message string) error {
	return &Error{Code: CodeWeakPassword, Weakness: why, Message: "the password " + message}
}

// MinPassword returns the min length of a new password, in code points.
func (s *Service) MinPassword() int { return s.rules.Load().policy.min }
