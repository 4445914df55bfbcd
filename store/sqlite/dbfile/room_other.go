//go:build !linux && !darwin && !freebsd

package dbfile

// Full always reports false on this system.
func Full(string) bool { return false }
