package argon2id_test

import (
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/authctl/authctl/authn/hashing/argon2id"
)

// BenchmarkKey compares the implementations, with as many hashes at once as there are
// processors and four times that; portable is golang.org/x/crypto/argon2. Where Debian's
// argon2 is installed, the reference implementation is a second witness.
func BenchmarkKey(b *testing.B) {
	for _, cost := range []struct{ memory, time uint32 }{{4096, 1}, {19456, 2}, {47104, 1}, {65536, 3}} {
		name := fmt.Sprintf("m=%dMiB,t=%d", cost.memory/1024, cost.time)
		for _, workers := range []int{1, runtime.GOMAXPROCS(0), 4 * runtime.GOMAXPROCS(0)} {
			for _, impl := range argon2id.Implementations() {
				b.Run(fmt.Sprintf("%s/%d at once/%s", name, workers, impl), func(b *testing.B) {
					benchmarkKey(b, impl, cost.time, cost.memory, workers)
				})
			}
		}
		if path, err := exec.LookPath("argon2"); err == nil {
			b.Run(name+"/1 at once/the argon2 command", func(b *testing.B) { benchmarkCommand(b, path, cost.time, cost.memory) })
		}
	}
}

func benchmarkKey(b *testing.B, impl argon2id.Implementation, time, memory uint32, workers int) {
	password, salt := []byte("correct horse battery staple"), make([]byte, 16)
	arenas := make([]*argon2id.Arena, workers)
	for i := range arenas {
		arenas[i] = argon2id.NewArena()
		defer arenas[i].Close()
		if _, err := arenas[i].Key(impl, password, salt, time, memory, 1, 32); err != nil { // an arena is there before its first hash of many
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	before := pageFaults()
	var begun atomic.Int64
	var all sync.WaitGroup
	for _, arena := range arenas {
		all.Go(func() {
			for begun.Add(1) <= int64(b.N) {
				if _, err := arena.Key(impl, password, salt, time, memory, 1, 32); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(pageFaults()-before)/float64(b.N), "faults/op")
}

// benchmarkCommand reports the time that the command says it took.
func benchmarkCommand(b *testing.B, path string, time, memory uint32) {
	var total float64
	for range b.N {
		c := exec.Command(path, "0123456789abcdef", "-id", "-t", fmt.Sprint(time), "-k", fmt.Sprint(memory), "-p", "1", "-l", "32")
		c.Stdin = strings.NewReader("correct horse battery staple")
		out, err := c.Output()
		if err != nil {
			b.Fatal(err)
		}
		for line := range strings.Lines(string(out)) {
			var seconds float64
			if _, err := fmt.Sscanf(line, "%f seconds", &seconds); err == nil {
				total += seconds
			}
		}
	}
	b.ReportMetric(total*1e9/float64(b.N), "ns/op")
}
