package cmd

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/authn/hashing/hashbench"
)

// fewHashes is the number of samples from which p95 differs from the slowest sample.
const fewHashes = 20

// reliedOn returns the results on which a choice or a check depends: the measurements with all
// workers busy, which predict the times of other costs, and the candidates.
func (b *bench) reliedOn() (results []hashbench.Result) {
	for _, r := range slices.Concat(b.results, b.solved) {
		if r.Concurrency == b.goal.Workers {
			results = append(results, r)
		}
	}
	return results
}

// doubts returns the reasons why the measurement is unreliable.
func (b *bench) doubts() []string {
	doubts := []string{}
	for _, r := range b.reliedOn() {
		if why := doubt(r); why != "" {
			doubts = append(doubts, why)
		}
	}
	return doubts
}

// doubtful reports whether a measurement of this cost is unreliable.
func (b *bench) doubtful(p hashing.Params) bool {
	return slices.ContainsFunc(slices.Concat(b.results, b.solved), func(r hashbench.Result) bool { return r.Params == p && doubt(r) != "" })
}

// doubt returns why a measurement is unreliable, or "".
func doubt(r hashbench.Result) string {
	switch {
	case r.Rounds() < 2:
		return fmt.Sprintf("only one round of %s × %d", r.Params, r.Concurrency)
	case r.Noisy():
		return fmt.Sprintf("rounds of %s × %d that differ by %.0f %%", r.Params, r.Concurrency, 100*r.Spread)
	}
	return ""
}

// first joins the first few of a list.
func first(doubts []string) string {
	if more := len(doubts) - 3; more > 0 {
		doubts = append(slices.Clone(doubts[:3]), fmt.Sprintf("and %d more", more))
	}
	return strings.Join(doubts, ", ")
}

// approximately returns the mark before an approximate figure, "" for an exact one.
func approximately(exact bool) string {
	if exact {
		return ""
	}
	return "~"
}

// refuseDoubtful returns an error if the choice depends on an unreliable measurement, unless --force
// is given.
func (b *bench) refuseDoubtful() error {
	doubts := b.doubts()
	if len(doubts) == 0 {
		return nil
	}
	if b.options.force {
		b.a.say("warning: --force: the choice depends on an unreliable measurement: %s", first(doubts))
		return nil
	}
	return &problem{exitCheck, errors.New("nothing was written: the choice depends on an unreliable measurement: " + first(doubts)),
		"repeat it with a longer --time while nothing else runs here; --force writes the choice anyway"}
}

// weaker reports whether the chosen cost is weaker than the configured one.
func (b *bench) weaker() bool { return b.chosen != nil && b.chosen.Params.WeakerThan(b.configured) }

// warnWeaker warns that the chosen cost is weaker than the configured one.
func (b *bench) warnWeaker() {
	if !b.weaker() {
		return
	}
	now, then := hashbench.Attacks(b.configured)[0], hashbench.Attacks(b.chosen.Params)[0]
	b.a.say("WARNING: THE CHOICE IS WEAKER than the configured cost: %s instead of %s; an attacker guesses about %.2g times as fast, with %.2g times the memory for each guess",
		b.chosen.Params, b.configured, then.HashesPerSecond/now.HashesPerSecond, float64(b.chosen.Params.Memory)/float64(b.configured.Memory))
}

// twoDigits rounds an estimate to its two reliable digits.
func twoDigits(n float64) string {
	if n <= 0 {
		return "0"
	}
	unit := math.Pow(10, math.Floor(math.Log10(n))-1)
	return fmt.Sprintf("%.*f", max(0, int(-math.Log10(unit))), math.Round(n/unit)*unit)
}
