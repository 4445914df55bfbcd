package batch

import (
	"maps"
	"testing"
)

func TestABucketHasTheValuesUpToItsBound(t *testing.T) {
	t.Parallel()
	h := newHistogram(1, 2, 4)
	for _, v := range []float64{0, 1, 1.5, 2, 3, 4.1} {
		h.observe(v)
	}
	before := h.clone()
	h.observe(1)
	if want := map[float64]uint64{1: 2, 2: 4, 4: 5}; !maps.Equal(before.Buckets(), want) || before.Count != 6 || before.Sum != 11.6 {
		t.Errorf("got %v, %d values, sum %v, want %v", before.Buckets(), before.Count, before.Sum, want)
	}
	if got := h.Buckets()[1]; got != 3 {
		t.Errorf("a later value makes it %d, want 3", got)
	}
}
