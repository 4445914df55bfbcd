package authn

import (
	"fmt"
	"runtime"
	"testing"
	"time"
)

// BenchmarkHasher has as many callers as workers, and four times as many, who lose
// nothing by it:
//
//	go test ./authn -run '^$' -bench Hasher -benchtime 100x
func BenchmarkHasher(b *testing.B) {
	workers := runtime.GOMAXPROCS(0)
	for _, callers := range []int{1, workers, 4 * workers} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			h := newTestHasher(b, func(c *HasherConfig) {
				c.Params = Params{Memory: 47104, Iterations: 1, Parallelism: 1}
				c.Budget = Budget{Workers: workers, MaxWait: time.Minute}
			})
			b.Cleanup(h.Close)
			b.ReportAllocs()
			closedLoop(b, callers, func() bool {
				_, err := h.Hash(b.Context(), goodPassword)
				return err == nil
			})
		})
	}
}
