//go:build !unix

package argon2id_test

// pageFaults is not available on this system.
func pageFaults() int64 { return 0 }
