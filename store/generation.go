package store

import "time"

// Generation is the pair of counters that ends sessions in bulk. The
// installation's counter and the user's counter only grow; every session and
// every access token carries the pair that was current when it was issued.
// Counters, compared as integers: no same-second hole and no clock skew.
//
// Whatever raises a counter sets it to the larger of counter + 1 and
// [NextGeneration]. A database that was restored from a backup therefore never
// hands out a number that it had handed out after that backup.
type Generation struct {
	Installation int64
	User         int64
}

// Behind reports whether something issued in generation g is dead now that
// current holds. It is the one such comparison: refresh and access checks both
// use it.
func (g Generation) Behind(current Generation) bool {
	return g.Installation < current.Installation || g.User < current.User
}

// NextGeneration returns the least value of a counter that is raised at an instant:
// microseconds since 1970. It fits in 53 bits until the year 2255, so that it is exact
// in JSON (RFC 8259, section 6).
func NextGeneration(at time.Time) int64 { return at.UnixMicro() }
