// Package hashbench measures what password hashes cost, and chooses the strongest
// cost that meets a goal.
package hashbench

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/authctl/authctl/authn/hashing"
)

// Cell is one thing to measure: a cost, with so many hashes asked for at once.
type Cell struct {
	Params      hashing.Params
	Concurrency int
}

// Sample is what one measurement of a cell saw.
type Sample struct {
	Latencies []time.Duration // of each hash, with its wait for a worker
	Wall      time.Duration   // that all of them took
	CPU       time.Duration   // of the processor that all of them took, in user and system mode
	PeakRSS   int64           // bytes, of the process that computed them and nothing else
}

// Measure measures a cell for about so long, and at least one hash for each that is
// asked for at once.
type Measure func(ctx context.Context, c Cell, about time.Duration) (Sample, error)

// Result is what is known of a cell.
type Result struct {
	Cell
	Latencies       []time.Duration // of every hash, sorted
	HashesPerSecond float64         // the median of the rounds
	CPUPerHash      time.Duration   // the median of the rounds
	PeakRSS         int64           // bytes, the most of any round
	Spread          float64         // of the rounds' median latencies, of the two quarters in their middle: 0.05 for 5 %
	rounds          []Sample
}

// Percentile returns the latency that at least p of a hundred hashes did not exceed (the
// nearest rank). With fewer than 100 hashes, p99 is the slowest one.
func (r *Result) Percentile(p float64) time.Duration {
	if len(r.Latencies) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(r.Latencies))))
	return r.Latencies[min(max(rank, 1), len(r.Latencies))-1]
}

const (
	minRounds = 3
	steady    = 0.05                   // the spread at which a cell needs no more rounds
	slice     = 300 * time.Millisecond // of a round for one cell, at most
)

// Run measures the cells in turn, A B C A B C, so that what disturbs the machine for a
// while disturbs all of them; again and again until each is steady, or the time is used
// up, and at least once. When ctx ends it returns what it has, with the error. each is
// told the part of the time that is used.
func Run(ctx context.Context, cells []Cell, limit time.Duration, measure Measure, each func(part float64)) ([]Result, error) {
	results := make([]Result, len(cells))
	for i, c := range cells {
		results[i].Cell = c
	}
	about := min(slice, limit/time.Duration(minRounds*len(cells)))
	began := time.Now()
	for round := 0; ; round++ {
		for i := range results {
			r := &results[i]
			if round >= minRounds && r.Spread <= steady {
				continue
			}
			if round > 0 && time.Since(began) >= limit {
				return results, nil
			}
			s, err := measure(ctx, r.Cell, about)
			if err != nil {
				return results, err
			}
			r.add(s)
			each(min(time.Since(began).Seconds()/limit.Seconds(), 1))
		}
		if round+1 >= minRounds && !slices.ContainsFunc(results, func(r Result) bool { return r.Spread > steady }) {
			return results, nil
		}
	}
}

// add takes in a round.
func (r *Result) add(s Sample) {
	r.rounds = append(r.rounds, s)
	r.Latencies = append(r.Latencies, s.Latencies...)
	slices.Sort(r.Latencies)
	r.PeakRSS = max(r.PeakRSS, s.PeakRSS)
	var rates, cpus, medians []float64
	for _, one := range r.rounds {
		n := float64(len(one.Latencies))
		rates, cpus = append(rates, n/one.Wall.Seconds()), append(cpus, one.CPU.Seconds()/n)
		medians = append(medians, median(seconds(one.Latencies)))
	}
	r.HashesPerSecond = median(rates)
	r.CPUPerHash = time.Duration(median(cpus) * float64(time.Second))
	r.Spread = spread(medians)
}

// Rounds returns how often the cell was measured.
func (r *Result) Rounds() int { return len(r.rounds) }

// Noisy reports whether the rounds did not agree.
func (r *Result) Noisy() bool { return len(r.rounds) < 2 || r.Spread > steady }

func seconds(d []time.Duration) []float64 {
	s := make([]float64, len(d))
	for i := range d {
		s[i] = d[i].Seconds()
	}
	return s
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	n := len(v)
	switch {
	case n == 0:
		return 0
	case n%2 == 1:
		return v[n/2]
	}
	return (v[n/2-1] + v[n/2]) / 2
}

// spread is the distance of the outer of the middle two quarters, in parts of the median.
func spread(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	if len(v) < 2 {
		return 0
	}
	cut := len(v) / 4
	middle := v[cut : len(v)-cut]
	return (middle[len(middle)-1] - middle[0]) / median(v)
}
