//go:build unix

package argon2id_test

import "golang.org/x/sys/unix"

// pageFaults returns how many pages this process has been given so far.
func pageFaults() int64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return int64(u.Minflt)
}
