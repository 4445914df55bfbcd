package hashing

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkHasher runs as many callers as workers, and four times as many. The throughput must
// be the same:
//
//	go test ./authn/hashing -run '^$' -bench Hasher -benchtime 100x
func BenchmarkHasher(b *testing.B) {
	workers := runtime.GOMAXPROCS(0)
	for _, callers := range []int{1, workers, 4 * workers} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			h := newTestHasher(b, func(c *Config) {
				c.Params = Params{Memory: 47104, Iterations: 1, Parallelism: 1}
				c.Budget = Budget{Workers: workers, MaxWait: time.Minute}
			})
			b.Cleanup(h.Close)
			b.ReportAllocs()
			var todo atomic.Int64
			todo.Store(int64(b.N))
			var all sync.WaitGroup
			for range callers {
				all.Go(func() {
					for todo.Add(-1) >= 0 {
						if _, err := h.Hash(b.Context(), "a long walk by the river"); err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "served/s")
		})
	}
}
