package store

// Refusal is an error that only a person can resolve: the database is not in the state that the
// operation needs. The operation has changed nothing. It wraps a sentinel.
type Refusal struct {
	Err     error  // a sentinel, such as [ErrSchema]
	Message string // what is wrong, and in which database
	Advice  string // what to do about it
}

// Error returns the message.
func (r *Refusal) Error() string { return r.Message }

// Unwrap returns the sentinel.
func (r *Refusal) Unwrap() error { return r.Err }
