package cmd

import "runtime"

// addThreads raises GOMAXPROCS by the number of concurrent password hashes. A hash occupies a
// thread for long, by Go's measure, and quick requests would wait until Go preempts it. The
// operating system's scheduler preempts it much sooner. On two CPUs that were busy hashing, the
// p99 latency of profile requests was 10 times that of idle CPUs, and with more threads is
// 2 to 3 times that.
func addThreads(workers int) { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + workers) }
