package store

import "time"

// Generation is the pair of counters that ends sessions in bulk: one of the
// installation, one of the user. The counters only grow. Every session and
// every access token carries the pair that was current when it was issued.
// They are compared as integers, so clock skew and equal timestamps do no harm.
//
// A counter is always raised to the larger of counter + 1 and
// [NextGeneration]. So a database that was restored from a backup never
// issues a number that it had issued after that backup.
type Generation struct {
	Installation int64
	User         int64
}

// Behind reports whether tokens and sessions of generation g are dead now that current is the
// current generation. Refresh and access checks both use this comparison.
func (g Generation) Behind(current Generation) bool {
	return g.Installation < current.Installation || g.User < current.User
}

// NextGeneration returns the smallest value for a counter that is raised at an instant:
// microseconds since 1970. It fits in 53 bits until the year 2255, so it is exact in JSON (RFC
// 8259, section 6).
func NextGeneration(at time.Time) int64 { return at.UnixMicro() }
