package hashbench

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/authctl/authctl/authn/hashing"
)

// ideal is a machine on which a hash takes 1 ns for each KiB and pass.
func ideal(workers int) Measure {
	return func(ctx context.Context, c Cell, about time.Duration) (Sample, error) {
		one := time.Duration(c.Params.Memory) * time.Duration(c.Params.Iterations)
		latency := one * time.Duration(max(c.Concurrency, workers)) / time.Duration(workers)
		time.Sleep(about)
		s := Sample{Wall: about, CPU: about, PeakRSS: int64(c.Params.Memory) << 10}
		for range max(int(about/one)*workers, 1) {
			s.Latencies = append(s.Latencies, latency)
		}
		return s, ctx.Err()
	}
}

func TestCellsAreMeasuredInTurnUntilTheyAreSteady(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cells := []Cell{{hashing.Params{Memory: 1 << 20, Iterations: 1, Parallelism: 1}, 1}, {hashing.Params{Memory: 1 << 20, Iterations: 2, Parallelism: 1}, 1}}
		var order []uint32
		calls := 0
		measure := func(ctx context.Context, c Cell, about time.Duration) (Sample, error) {
			order = append(order, c.Params.Iterations)
			calls++
			s, err := ideal(1)(ctx, c, about)
			if c.Params.Iterations == 2 && calls < 8 { // one is unsteady for a while
				s.Latencies = []time.Duration{time.Duration(calls) * time.Millisecond}
			}
			return s, err
		}
		results, err := Run(t.Context(), cells, 3*time.Second, measure, func(float64) {})
		if err != nil {
			t.Fatal(err)
		}
		if want := []uint32{1, 2, 1, 2, 1, 2, 2, 2, 2, 2}; !slices.Equal(order, want) {
			t.Errorf("got the order %v, want %v", order, want)
		}
		if results[0].Noisy() || !results[1].Noisy() {
			t.Errorf("got the spreads %f and %f", results[0].Spread, results[1].Spread)
		}
		if got := results[0].PeakRSS; got != 1<<30 {
			t.Errorf("got a peak of %d bytes", got)
		}
	})
}

func TestWhatWasMeasuredIsThereAfterAnInterruption(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), slice*3/2)
		defer cancel()
		cells := []Cell{{hashing.Params{Memory: 1 << 20, Iterations: 1, Parallelism: 1}, 1}, {hashing.Params{Memory: 1 << 20, Iterations: 2, Parallelism: 1}, 1}}
		results, err := Run(ctx, cells, time.Minute, ideal(1), func(float64) {})
		if !errors.Is(err, context.DeadlineExceeded) || len(results[0].Latencies) == 0 || len(results[1].Latencies) != 0 {
			t.Errorf("got %+v, %v", results, err)
		}
	})
}

func TestPercentilesAreTheNearestRank(t *testing.T) {
	t.Parallel()
	var r Result
	for i := range 200 {
		r.Latencies = append(r.Latencies, time.Duration(i+1))
	}
	for p, want := range map[float64]time.Duration{50: 100, 95: 190, 99: 198, 100: 200, 0.1: 1} {
		if got := r.Percentile(p); got != want {
			t.Errorf("p%g: got %d, want %d", p, got, want)
		}
	}
	r.Latencies = r.Latencies[:10]
	if got := r.Percentile(99); got != 10 {
		t.Errorf("p99 of ten: got %d, want the slowest", got)
	}
	if got := new(Result).Percentile(50); got != 0 {
		t.Errorf("of none: got %d", got)
	}
}

func TestCostsAreAboveTheFloorWithinTheMemoryAndInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g := Goal{Workers: rapid.IntRange(1, 64).Draw(t, "workers"), Memory: rapid.Int64Range(0, 8<<30).Draw(t, "memory")}
		last := math.Inf(1)
		for _, p := range g.Costs() {
			if p.BelowFloor() || p.Validate() != nil || (g.Memory > 0 && int64(p.Memory)<<10*int64(g.Workers) > g.Memory) || strength(p) > last {
				t.Fatalf("%s is out of place", p)
			}
			last = strength(p)
		}
	})
	if got := (Goal{Workers: 1, Memory: 6 << 20}).Costs(); len(got) != 0 {
		t.Errorf("in 6 MiB: got %v", got)
	}
	if got := (Goal{Workers: 1}).Costs()[0]; got.Memory < 1000<<10 || got.Iterations != 20 {
		t.Errorf("the strongest is %s", got)
	}
}

func TestTheFitPredictsAnIdealMachine(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var cells []Cell
		for _, s := range Sets() {
			cells = append(cells, Cell{s.Params, 4})
		}
		results, err := Run(t.Context(), cells, time.Second, ideal(4), func(float64) {})
		if err != nil {
			t.Fatal(err)
		}
		fit := NewFit(results, 4)
		for _, p := range (Goal{Workers: 4}).Costs() {
			r, ok := fit.Predict(p)
			want := time.Duration(p.Memory) * time.Duration(p.Iterations)
			if !ok || r.Percentile(95) < want*99/100 || r.Percentile(95) > want*101/100 {
				t.Errorf("%s: predicted %s, want %s", p, r.Percentile(95), want)
			}
		}
		if _, ok := NewFit(results, 8).Predict(cells[0].Params); ok {
			t.Error("a prediction from nothing")
		}
	})
}

func TestAGoalSaysWhatMissesIt(t *testing.T) {
	t.Parallel()
	good := hashing.Params{Memory: 65536, Iterations: 3, Parallelism: 1}
	result := func(p hashing.Params, latency time.Duration, rate float64) Result {
		return Result{Cell: Cell{p, 2}, Latencies: slices.Repeat([]time.Duration{latency}, 100), HashesPerSecond: rate}
	}
	for _, tt := range []struct {
		goal Goal
		r    Result
		want string
	}{
		{Goal{}, result(good, time.Second, 1), ""},
		{Goal{}, result(hashing.Params{Memory: 4096, Iterations: 3, Parallelism: 1}, time.Second, 1), "OWASP minimum"},
		{Goal{Workers: 2, Memory: 100 << 20}, result(good, time.Second, 1), "2 concurrent hashes need 128 MiB, but only 100 are available"},
		{Goal{Target: 300 * time.Millisecond}, result(good, 301*time.Millisecond, 1), "p95 301 ms exceeds 300 ms"},
		{Goal{Target: 300 * time.Millisecond}, result(good, 300*time.Millisecond, 1), ""},
		{Goal{LoginsPerSecond: 40}, result(good, time.Millisecond, 39.9), "39.9 hashes a second are fewer than 40.0 logins"},
		{Goal{LoginsPerSecond: 19, MaxP99: 200 * time.Millisecond, Workers: 2}, result(good, 100*time.Millisecond, 20), "p99 with queueing"},
		{Goal{LoginsPerSecond: 2, MaxP99: 200 * time.Millisecond, Workers: 2}, result(good, 100*time.Millisecond, 20), ""},
	} {
		if got := tt.goal.Judge(tt.r); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
			t.Errorf("%+v: got %q, want %q", tt.goal, got, tt.want)
		}
	}
}

// TestTheQueueBehavesAsQueuesDo runs the simulation without a queue, at half load, near full
// load, and with twice the workers.
func TestTheQueueBehavesAsQueuesDo(t *testing.T) {
	t.Parallel()
	second := []time.Duration{time.Second}
	if got := Queue(second, 0.001, 1); got > 1100*time.Millisecond {
		t.Errorf("nearly nobody: got %s", got)
	}
	lower, upper := Queue(second, 0.5, 1), Queue(second, 0.9, 1)
	if lower < 2500*time.Millisecond || lower > 4500*time.Millisecond || upper < 2*lower {
		t.Errorf("got %s at half load, %s at nine tenths", lower, upper)
	}
	if two := Queue(second, 1, 2); two >= lower {
		t.Errorf("two workers with twice the logins: got %s, want less than %s", two, lower)
	}
	if Queue(nil, 1, 1) != 0 || Queue(second, 0.5, 1) != lower {
		t.Error("the simulation differs from run to run")
	}
}

func TestAnAttackersRateFollowsTheCost(t *testing.T) {
	t.Parallel()
	published := Attacks(hashing.Params{Memory: 65536, Iterations: 3, Parallelism: 1})[0]
	if math.Abs(published.HashesPerSecond-1667) > 0.01 {
		t.Errorf("got %f, want what was published", published.HashesPerSecond)
	}
	if half := Attacks(hashing.Params{Memory: 65536, Iterations: 6, Parallelism: 1})[0]; math.Abs(half.HashesPerDollar*2-published.HashesPerDollar) > 1 {
		t.Errorf("got %f, want half of %f", half.HashesPerDollar, published.HashesPerDollar)
	}
}
