package store

// Refusal is an error of a database that stands otherwise than it must, and that a person has
// to settle: nothing was changed. It wraps a sentinel.
type Refusal struct {
	Err     error  // sentinel, such as [ErrSchema]
	Message string // what is the matter, and in which database
	Advice  string // what to do about it
}

// Error returns the message.
func (r *Refusal) Error() string { return r.Message }

// Unwrap makes a Refusal the error of its sentinel.
func (r *Refusal) Unwrap() error { return r.Err }
