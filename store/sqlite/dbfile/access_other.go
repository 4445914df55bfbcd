//go:build !unix

package dbfile

import "io/fs"

// MayWrite tells nothing here.
func MayWrite(string) error { return nil }

// Owner tells nothing here.
func Owner(fs.FileInfo) (uid int, known bool) { return 0, false }
