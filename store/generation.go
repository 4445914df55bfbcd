package store

// Generation is the pair of counters that ends sessions in bulk. The
// installation's counter and the user's counter only grow; every session and
// every access token carries the pair that was current when it was issued.
// Integers, not instants: no same-second hole and no clock skew.
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
