package store

import "fmt"

// Why a database that answers takes no writes. Both are an [ErrUnavailable].
var (
	ErrReadOnly = fmt.Errorf("%w: it is read-only", ErrUnavailable) // a standby, for one
	ErrFull     = fmt.Errorf("%w: its disk is full", ErrUnavailable)
)
