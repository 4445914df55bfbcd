package store

import "fmt"

// The errors of a database that answers but takes no writes. Both are an [ErrUnavailable].
var (
	ErrReadOnly = fmt.Errorf("%w: it is read-only", ErrUnavailable) // a standby, for one
	ErrFull     = fmt.Errorf("%w: its disk is full", ErrUnavailable)
)
