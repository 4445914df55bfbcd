package server_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/authctl/authctl/server"
)

// BenchmarkLimit measures the cost of the address limit for one request: of a known address,
// and of a new one while the table of addresses is full.
func BenchmarkLimit(b *testing.B) {
	now := time.Now()
	all := server.Rate{Count: 1_000_000, Per: time.Second, Burst: 1_000_000}
	b.Run("known", func(b *testing.B) {
		l := server.NewTestLimiter(all)
		addr := netip.MustParseAddr("192.0.2.1")
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				l.Take(addr, now)
			}
		})
	})
	b.Run("new", func(b *testing.B) {
		l := server.NewTestLimiter(all)
		b.ReportAllocs()
		for i := range b.N {
			l.Take(netip.AddrFrom4([4]byte{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)}), now)
		}
	})
}
