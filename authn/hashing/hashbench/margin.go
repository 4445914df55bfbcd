package hashbench

import "time"

// unknownMargin is the margin of what was measured once: another round may have taken half as
// long, or half as long again.
const unknownMargin = 0.5

// Margin returns by how much the times of a result may be off, in parts of them: 0 when its
// rounds agree, what they differ by when they do not, and a half when there is one only.
func (r *Result) Margin() float64 {
	switch {
	case r.Rounds() < 2:
		return unknownMargin
	case r.Noisy():
		return r.Spread
	}
	return 0
}

// Verdict is what a measurement says of a goal.
type Verdict int

// The verdicts.
const (
	Met       Verdict = iota
	Missed            // for the reason that [Goal.Judge] gives
	Undecided         // the goal is within the margin of the measurement
)

// Decide judges a result at both ends of its margin.
func (g Goal) Decide(r Result) Verdict {
	margin := r.Margin()
	switch {
	case g.Judge(r.slower(1+margin)) == "":
		return Met
	case g.Judge(r.slower(max(1-margin, 0))) != "":
		return Missed
	}
	return Undecided
}

// slower returns the result of a machine that takes that many times as long.
func (r Result) slower(times float64) Result {
	latencies := make([]time.Duration, len(r.Latencies))
	for i, d := range r.Latencies {
		latencies[i] = time.Duration(float64(d) * times)
	}
	r.Latencies = latencies
	if times > 0 {
		r.HashesPerSecond /= times
	}
	return r
}
