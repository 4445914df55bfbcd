package hashbench

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/authctl/authctl/authn/hashing"
)

// Goal is what a cost must meet with all workers busy. A zero field asks for nothing.
type Goal struct {
	Target          time.Duration // that 95 of 100 hashes do not exceed
	LoginsPerSecond float64       // that arrive at random (a Poisson process) and are all served
	MaxP99          time.Duration // that 99 of 100 of those do not exceed, with their wait
	Memory          int64         // bytes for all workers together
	Workers         int
}

// Asked reports whether there is a goal beyond fitting the machine.
func (g Goal) Asked() bool { return g.Target > 0 || g.LoginsPerSecond > 0 }

// strength orders costs: by memory × memory × iterations, the product of area and time
// that an attacker with hardware of his own pays (Alwen and Blocki; RFC 9106, section 4,
// takes memory first, too).
func strength(p hashing.Params) float64 {
	return float64(p.Memory) * float64(p.Memory) * float64(p.Iterations)
}

// Costs returns every cost that is worth considering, the strongest first: memory in
// steps of a quarter of a doubling, 8 MiB to 1 GiB, 1 to 20 iterations, one lane; none below
// the floor, none of which the workers' memory is more than the goal's.
func (g Goal) Costs() []hashing.Params {
	var costs []hashing.Params
	for step := 0; ; step++ {
		mib := math.Round(8 * math.Pow(2, float64(step)/4))
		if mib > 1024 {
			break
		}
		for t := uint32(1); t <= 20; t++ {
			p := hashing.Params{Memory: uint32(mib) << 10, Iterations: t, Parallelism: 1}
			if !p.BelowFloor() && g.fits(p) {
				costs = append(costs, p)
			}
		}
	}
	for _, s := range Sets() { // their odd sizes are the least that are accepted
		if s.Params.Parallelism == 1 && g.fits(s.Params) {
			costs = append(costs, s.Params)
		}
	}
	slices.SortFunc(costs, func(a, b hashing.Params) int {
		return cmp.Or(cmp.Compare(strength(b), strength(a)), cmp.Compare(b.Memory, a.Memory))
	})
	return slices.Compact(costs)
}

func (g Goal) fits(p hashing.Params) bool {
	return g.Memory <= 0 || int64(p.Memory)<<10*int64(g.Workers) <= g.Memory
}

// Fit learns from measurements with all workers busy how long a hash takes.
type Fit struct{ results []Result }

// NewFit uses those of the results that were measured with so many at once.
func NewFit(results []Result, workers int) Fit {
	var f Fit
	for _, r := range results {
		if r.Concurrency == workers && len(r.Latencies) > 0 && r.Params.Parallelism == 1 {
			f.results = append(f.results, r)
		}
	}
	return f
}

// Predict scales the latencies of the measured cost that is nearest in memory: time is
// near to linear in memory × iterations, and less near the farther the memory is.
func (f Fit) Predict(p hashing.Params) (Result, bool) {
	if len(f.results) == 0 {
		return Result{}, false
	}
	distance := func(r Result) float64 { return math.Abs(math.Log(float64(r.Params.Memory) / float64(p.Memory))) }
	near := slices.MinFunc(f.results, func(a, b Result) int { return cmp.Compare(distance(a), distance(b)) })
	factor := float64(p.Memory) * float64(p.Iterations) / (float64(near.Params.Memory) * float64(near.Params.Iterations))
	out := Result{Cell: Cell{p, near.Concurrency}, HashesPerSecond: near.HashesPerSecond / factor, CPUPerHash: time.Duration(float64(near.CPUPerHash) * factor)}
	for _, d := range near.Latencies {
		out.Latencies = append(out.Latencies, time.Duration(float64(d)*factor))
	}
	return out, true
}

// Judge says why a measurement, or a prediction, misses the goal, or returns "".
func (g Goal) Judge(r Result) string {
	if r.Params.BelowFloor() {
		return "weaker than the OWASP minimum"
	}
	if !g.fits(r.Params) {
		return fmt.Sprintf("%d concurrent hashes need %d MiB, but only %d are available", g.Workers, int64(r.Params.Memory)*int64(g.Workers)>>10, g.Memory>>20)
	}
	if p95 := r.Percentile(95); g.Target > 0 && p95 > g.Target {
		return fmt.Sprintf("p95 %d ms exceeds %d ms", p95.Milliseconds(), g.Target.Milliseconds())
	}
	if g.LoginsPerSecond <= 0 {
		return ""
	}
	if r.HashesPerSecond <= g.LoginsPerSecond {
		return fmt.Sprintf("%.1f hashes a second are fewer than %.1f logins", r.HashesPerSecond, g.LoginsPerSecond)
	}
	if g.MaxP99 > 0 {
		if p99 := Queue(r.Latencies, g.LoginsPerSecond, g.Workers); p99 > g.MaxP99 {
			return fmt.Sprintf("p99 with queueing is %d ms at %.1f logins a second, which exceeds %d ms", p99.Milliseconds(), g.LoginsPerSecond, g.MaxP99.Milliseconds())
		}
	}
	return ""
}

const queueArrivals = 50_000

// Queue returns the 99th percentile of the time from arrival to answer, when logins
// arrive at random at a rate (a Poisson process), wait in one queue for one of the
// workers, first come first served, and take one of the service times each. It is
// simulated, always with the same chances.
func Queue(service []time.Duration, rate float64, workers int) time.Duration {
	if len(service) == 0 || workers < 1 {
		return 0
	}
	chance := rand.New(rand.NewPCG(1, 2))
	free := make([]float64, workers) // when each worker is, in seconds
	took := make([]float64, queueArrivals)
	now := 0.0
	for i := range took {
		now += chance.ExpFloat64() / rate
		first := 0
		for w := range free {
			if free[w] < free[first] {
				first = w
			}
		}
		free[first] = max(now, free[first]) + service[chance.IntN(len(service))].Seconds()
		took[i] = free[first] - now
	}
	slices.Sort(took)
	return time.Duration(took[len(took)*99/100] * float64(time.Second))
}
