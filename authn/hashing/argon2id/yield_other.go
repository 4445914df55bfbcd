//go:build !linux

package argon2id

import "runtime"

// yield lets another goroutine run, if one waits.
func yield() { runtime.Gosched() }
