package hashbench

import (
	"testing"
	"time"

	"github.com/authctl/authctl/authn/hashing"
)

// rounds returns the result of rounds of these latencies each, of the default cost.
func rounds(t *testing.T, latencies ...time.Duration) Result {
	t.Helper()
	r := Result{Cell: Cell{hashing.Params{Memory: 65536, Iterations: 3, Parallelism: 1}, 1}}
	for _, d := range latencies {
		r.add(Sample{Latencies: []time.Duration{d}, Wall: d, CPU: d})
	}
	return r
}

func TestAGoalWithinTheMarginOfAMeasurementIsUndecided(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	steady := rounds(t, 100*ms, 101*ms, 100*ms)
	noisy := rounds(t, 100*ms, 120*ms) // they differ by 18 %
	once := rounds(t, 100*ms)
	for _, tt := range []struct {
		name   string
		r      Result
		target time.Duration
		want   Verdict
	}{
		{"steady, below", steady, 102 * ms, Met},
		{"steady, above", steady, 100 * ms, Missed},
		{"noisy, far below", noisy, 143 * ms, Met},
		{"noisy, near", noisy, 140 * ms, Undecided},
		{"noisy, just above", noisy, 110 * ms, Undecided},
		{"noisy, far above", noisy, 90 * ms, Missed},
		{"once, far below", once, 151 * ms, Met},
		{"once, near", once, 149 * ms, Undecided},
		{"once, far above", once, 49 * ms, Missed},
	} {
		if got := (Goal{Workers: 1, Target: tt.target}).Decide(tt.r); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
	if got := (Goal{Workers: 1, LoginsPerSecond: 8}).Decide(once); got != Undecided {
		t.Errorf("8 of some 10 a second, once: got %d", got)
	}
	if got := (Goal{Workers: 1, LoginsPerSecond: 6}).Decide(once); got != Met {
		t.Errorf("6 of some 10 a second, once: got %d", got)
	}
	if got := (Goal{Workers: 1}).Decide(once); got != Met {
		t.Errorf("no goal: got %d, want what no measurement can change", got)
	}
}
