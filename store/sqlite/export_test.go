package sqlite

import "database/sql"

// Writer returns the connection that writes, for a test to spoil it.
func (s *Store) Writer() *sql.DB { return s.writer }
