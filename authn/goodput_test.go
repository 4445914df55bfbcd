package authn

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/authctl/authctl/authn/hashing"
)

// BenchmarkGoodput compares logins with the hashes that the processors could compute alone,
// and logins in an overload with logins at full load:
//
//	go test ./authn -run '^$' -bench Goodput -benchtime 200x
func BenchmarkGoodput(b *testing.B) {
	cost := hashing.Params{Memory: 19456, Iterations: 2, Parallelism: 1}
	workers := runtime.GOMAXPROCS(0)
	f := newFixture(b, openSQLite(b), func(c *Config) { c.Argon2 = cost })
	f.register(b, "alice")
	login := func() bool {
		_, err := f.Login(f.ctx, visitor, Account{Username: "alice", Password: goodPassword}, "")
		return err == nil
	}
	bare := func() bool {
		argon2.IDKey([]byte(goodPassword), make([]byte, 16), cost.Iterations, cost.Memory, cost.Parallelism, 32)
		return true
	}
	var capacity float64 // hashes a second
	b.Run("bare", func(b *testing.B) { capacity = closedLoop(b, workers, bare) })
	b.Run("logins", func(b *testing.B) { closedLoop(b, 2*workers, login) })
	b.Run("logins/offered=1x", func(b *testing.B) { openLoop(b, f, capacity, login) })
	b.Run("logins/offered=10x", func(b *testing.B) { openLoop(b, f, 10*capacity, login) })
}

// closedLoop runs clients that each send the next request after an answer.
func closedLoop(b *testing.B, clients int, do func() bool) (rate float64) {
	var todo atomic.Int64
	todo.Store(int64(b.N))
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for todo.Add(-1) >= 0 {
				do()
			}
		})
	}
	all.Wait()
	rate = float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "served/s")
	return rate
}

// openLoop starts requests at a fixed rate, whether or not earlier ones are answered, until
// there are b.N.
func openLoop(b *testing.B, f *fixture, rate float64, do func() bool) {
	var served atomic.Int64
	shed := func() float64 { return float64(f.HashStats().By[hashing.ForLogin].Shed) }
	before := shed()
	var all sync.WaitGroup
	began := time.Now()
	for came := 0; served.Load() < int64(b.N); came++ {
		all.Go(func() {
			if do() {
				served.Add(1)
			}
		})
		time.Sleep(time.Until(began.Add(time.Duration(float64(came) / rate * float64(time.Second)))))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "served/s")
	b.ReportMetric((shed()-before)/b.Elapsed().Seconds(), "refused/s")
	b.StopTimer()
	all.Wait()
}
