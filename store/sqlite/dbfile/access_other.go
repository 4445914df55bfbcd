//go:build !unix

package dbfile

import "io/fs"

// MayWrite always returns nil on this system.
func MayWrite(string) error { return nil }

// Owner reports that the owner is unknown on this system.
func Owner(fs.FileInfo) (uid int, known bool) { return 0, false }
