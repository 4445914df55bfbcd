package cmd

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/authn/hashing/hashbench"
)

// measured returns the result of rounds with these latencies, in milliseconds, for a cost with
// two workers.
func measured(t *testing.T, p hashing.Params, rounds ...int) hashbench.Result {
	t.Helper()
	n := 0
	results, err := hashbench.Run(t.Context(), []hashbench.Cell{{Params: p, Concurrency: 2}}, time.Hour,
		func(context.Context, hashbench.Cell, time.Duration) (hashbench.Sample, error) {
			if n == len(rounds) {
				return hashbench.Sample{}, io.EOF
			}
			d := time.Duration(rounds[n]) * time.Millisecond
			n++
			return hashbench.Sample{Latencies: []time.Duration{d}, Wall: d, CPU: d}, nil
		}, func(float64) {})
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return results[0]
}

// benchOf returns a run that has measured the configured cost and chosen another.
func benchOf(said io.Writer, configured, chosen hashbench.Result) *bench {
	return &bench{
		options: &hashBenchOptions{write: true}, a: &app{out: io.Discard, err: said}, configured: configured.Params,
		goal: hashbench.Goal{Workers: 2, Target: time.Second}, results: []hashbench.Result{configured},
		solved: []hashbench.Result{chosen}, chosen: &chosen, names: map[hashing.Params]string{},
	}
}

func TestAChoiceThatRestsOnNoiseIsRefused(t *testing.T) {
	t.Parallel()
	strong, weak := hashing.Params{Memory: 65536, Iterations: 3, Parallelism: 1}, hashing.Params{Memory: 10240, Iterations: 4, Parallelism: 1}
	for _, tt := range []struct {
		name               string
		configured, chosen hashbench.Result
		want               string // of the refusal
	}{
		{"rounds agree", measured(t, strong, 100, 101, 102), measured(t, weak, 20, 20, 20), ""},
		{"the choice is noisy", measured(t, strong, 100, 101, 102), measured(t, weak, 20, 40), "rounds of m=10240,t=4,p=1 × 2 that differ by 67 %"},
		{"the choice was measured once", measured(t, strong, 100, 101, 102), measured(t, weak, 20), "only one round of m=10240,t=4,p=1 × 2"},
		{"what it was predicted from is noisy", measured(t, strong, 100, 300), measured(t, weak, 20, 20, 20), "rounds of m=65536,t=3,p=1 × 2 that differ by 100 %"},
	} {
		var said strings.Builder
		b := benchOf(&said, tt.configured, tt.chosen)
		err := b.refuseDoubtful()
		if tt.want == "" {
			if err != nil || !b.view().Reliable {
				t.Errorf("%s: got %v", tt.name, err)
			}
			continue
		}
		if err == nil || endingOf(err).exit != exitCheck || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want exit code %d for %q", tt.name, err, exitCheck, tt.want)
		}
		if v := b.view(); v.Reliable || len(v.Doubts) != 1 || v.Doubts[0] != tt.want {
			t.Errorf("%s: got %q in JSON, want %q", tt.name, v.Doubts, tt.want)
		}
		b.options.force = true
		if err := b.refuseDoubtful(); err != nil || !strings.Contains(said.String(), "--force: the choice depends on an unreliable measurement: "+tt.want) {
			t.Errorf("%s, forced: got %v, said %q", tt.name, err, said.String())
		}
	}
}

func TestAWeakerChoiceIsToldWithWhatItMeans(t *testing.T) {
	t.Parallel()
	configured := hashing.Params{Memory: 65536, Iterations: 3, Parallelism: 1}
	for chosen, want := range map[hashing.Params]string{
		{Memory: 10240, Iterations: 3, Parallelism: 1}:  "m=10240,t=3,p=1 instead of m=65536,t=3,p=1; an attacker guesses about 6.4 times as fast, with 0.16 times the memory for each guess",
		{Memory: 32768, Iterations: 6, Parallelism: 1}:  "about 1 times as fast, with 0.5 times the memory",
		{Memory: 65536, Iterations: 3, Parallelism: 1}:  "",
		{Memory: 131072, Iterations: 2, Parallelism: 1}: "",
	} {
		var said strings.Builder
		b := benchOf(&said, measured(t, configured, 100, 100, 100), measured(t, chosen, 20, 20, 20))
		b.warnWeaker()
		if got := said.String(); (got == "") != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%s: said %q, want %q", chosen, got, want)
		}
		if got := *b.view().Weaker; got != (want != "") {
			t.Errorf("%s: weaker in JSON: %t", chosen, got)
		}
	}
}

func TestACheckNearTheGoalOfANoisyMeasurementDecidesNothing(t *testing.T) {
	t.Parallel()
	p := hashing.Params{Memory: 65536, Iterations: 3, Parallelism: 1}
	for _, tt := range []struct {
		r      hashbench.Result
		target int // milliseconds
		want   string
	}{
		{measured(t, p, 100, 100, 100), 110, ""},
		{measured(t, p, 100, 100, 100), 90, "p95 100 ms exceeds 90 ms"},
		{measured(t, p, 100, 130), 140, "cannot tell whether the configured cost m=65536,t=3,p=1 meets the goal: p95 is 130 ms ± 26 %: rounds of"},
		{measured(t, p, 100), 140, "cannot tell whether the configured cost m=65536,t=3,p=1 meets the goal: p95 is 100 ms ± 50 %: only one round"},
		{measured(t, p, 100), 160, ""},
	} {
		b := benchOf(io.Discard, tt.r, tt.r)
		b.goal.Target = time.Duration(tt.target) * time.Millisecond
		err := b.verdict()
		if tt.want == "" && err == nil {
			continue
		}
		if err == nil || endingOf(err).exit != exitCheck || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%d ms: got %v, want %q", tt.target, err, tt.want)
		}
	}
}

func TestAnEstimateHasTwoDigits(t *testing.T) {
	t.Parallel()
	for n, want := range map[float64]string{1667: "1700", 17.65: "18", 0.123: "0.12", 9.96: "10", 100: "100", 0: "0"} {
		if got := twoDigits(n); got != want {
			t.Errorf("%g: got %s, want %s", n, got, want)
		}
	}
}
