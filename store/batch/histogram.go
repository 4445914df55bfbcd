package batch

import "slices"

// Histogram counts values in buckets. The zero Histogram has no buckets.
type Histogram struct {
	Count uint64
	Sum   float64

	bounds []float64 // ascending
	counts []uint64  // values in each bucket alone; those above the last bound are only in Count
}

// newHistogram returns a Histogram with the upper bounds of its buckets, in ascending order.
func newHistogram(bounds ...float64) Histogram {
	return Histogram{bounds: bounds, counts: make([]uint64, len(bounds))}
}

// observe counts one value.
func (h *Histogram) observe(v float64) {
	h.Count++
	h.Sum += v
	if i, _ := slices.BinarySearch(h.bounds, v); i < len(h.counts) {
		h.counts[i]++
	}
}

// Buckets returns how many values were at most each bound.
func (h Histogram) Buckets() map[float64]uint64 {
	all := make(map[float64]uint64, len(h.bounds))
	var n uint64
	for i, bound := range h.bounds {
		n += h.counts[i]
		all[bound] = n
	}
	return all
}

// clone returns a copy that later observations do not change.
func (h Histogram) clone() Histogram {
	h.counts = slices.Clone(h.counts)
	return h
}
