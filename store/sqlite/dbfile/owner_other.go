//go:build !unix

package dbfile

import "io/fs"

// Stranger always reports false on this system: a file's mode does not show who may change it.
func Stranger(fs.FileInfo) (uid int, stranger bool) { return 0, false }
