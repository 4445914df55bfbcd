package sqlite

import "context"

// Writable implements [store.Store]. A file has no standby, and other obstacles show only when
// it is written.
func (s *Store) Writable(context.Context) error { return nil }
