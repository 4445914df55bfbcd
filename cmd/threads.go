package cmd

import "runtime"

// makeRoom lets Go run as many threads more as there may be password hashes. A hash
// keeps one to itself for long, by Go's measure, and requests that are quick would wait
// for it to be moved aside; the operating system's scheduler does that much sooner. On two
// CPUs that are busy hashing, the slowest hundredth of profile requests took 10 times as
// long as on idle ones, and so takes 2 to 3 times as long.
func makeRoom(workers int) { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + workers) }
