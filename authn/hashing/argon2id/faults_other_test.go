//go:build !unix

package argon2id_test

// pageFaults is not known here.
func pageFaults() int64 { return 0 }
