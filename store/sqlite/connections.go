package sqlite

import "context"

// Writable implements [store.Store]. A file has no standby, and what else may keep it from
// being written shows when it is.
func (s *Store) Writable(context.Context) error { return nil }
