package cmd

import (
	"context"
	"errors"
	"fmt"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/authn/hashing/hashbench"
)

// maxTries is the max number of candidates to measure.
const maxTries = 6

// solve measures candidates, beginning with the strongest cost that is predicted to meet the
// goal, until a measured one meets it.
func (b *bench) solve(ctx context.Context) error {
	fit := hashbench.NewFit(b.results, b.goal.Workers)
	for _, p := range b.goal.Costs() {
		if len(b.solved) == maxTries {
			return nil
		}
		predicted, ok := fit.Predict(p)
		if !ok || b.goal.Judge(predicted) != "" {
			continue
		}
		if n := len(b.solved); n > 0 && tooNear(p, b.solved[n-1].Params) {
			continue
		}
		results, err := hashbench.Run(ctx, []hashbench.Cell{{Params: p, Concurrency: b.goal.Workers}}, b.options.time/8,
			measureInChild(b.goal.Workers, b.portable), b.progress("trying "+p.String()))
		b.endProgress()
		if len(results[0].Latencies) > 0 {
			b.name(p, "candidate")
			b.solved = append(b.solved, results[0])
		}
		if err != nil {
			return err
		}
		if b.goal.Judge(results[0]) == "" {
			b.chosen = &results[0]
			return nil
		}
	}
	return nil
}

// tooNear reports whether a cost takes hardly less time than one that was too slow.
func tooNear(p, slow hashing.Params) bool {
	return float64(p.Memory)*float64(p.Iterations) > 0.97*float64(slow.Memory)*float64(slow.Iterations)
}

// progress draws a bar on a terminal. Elsewhere it prints one line.
func (b *bench) progress(what string) func(float64) {
	if _, onTerminal := terminal(b.a.err); !onTerminal {
		b.a.say("%s", what)
		return func(float64) {}
	}
	return func(part float64) {
		fmt.Fprintf(b.a.err, "\rauthctl: %s %s ", progressBar(int64(part*1000), 1000), what)
	}
}

func (b *bench) endProgress() {
	if _, onTerminal := terminal(b.a.err); onTerminal {
		fmt.Fprintln(b.a.err)
	}
}

// conclude writes the chosen cost, and returns the result of the command.
func (b *bench) conclude(ctx context.Context) error {
	if b.options.check {
		return b.verdict()
	}
	if !b.goal.Asked() {
		return nil
	}
	if b.chosen == nil {
		return &problem{exitCheck, errors.New("no cost at or above the OWASP minimum meets the goal"), "allow more time, fewer sign-ins or more memory, or add processors"}
	}
	b.warnWeaker()
	if b.options.write {
		if err := b.refuseDoubtful(); err != nil {
			return err
		}
		return b.writeChoice(ctx)
	}
	next := "--write puts it into the configuration file"
	if len(b.doubts()) > 0 {
		next = "the measurement is unreliable: repeat it with a longer --time while nothing else runs here"
	}
	b.a.say("password.argon2: memory: %s, iterations: %d, parallelism: %d; %s", memoryText(b.chosen.Params), b.chosen.Params.Iterations, b.chosen.Params.Parallelism, next)
	return nil
}

// verdict returns the result of --check.
func (b *bench) verdict() error {
	for _, r := range b.results {
		if r.Params != b.configured {
			continue
		}
		switch b.goal.Decide(r) {
		case hashbench.Missed:
			return &problem{exitCheck, fmt.Errorf("the configured cost %s: %s", r.Params, b.goal.Judge(r)), "authctl hash-bench --target 300ms chooses another"}
		case hashbench.Undecided:
			return &problem{exitCheck, fmt.Errorf("cannot tell whether the configured cost %s meets the goal: p95 is %d ms ± %.0f %%: %s",
				r.Params, r.Percentile(95).Milliseconds(), 100*r.Margin(), doubt(r)), "repeat it with a longer --time while nothing else runs here"}
		}
	}
	b.a.say("the configured cost %s is strong enough", b.configured)
	return nil
}

// memoryText formats memory as the configuration does.
func memoryText(p hashing.Params) string {
	if p.Memory%1024 == 0 {
		return fmt.Sprintf("%dMiB", p.Memory/1024)
	}
	return fmt.Sprintf("%dKiB", p.Memory)
}

// rejection returns why a result was not chosen, or "".
func (b *bench) rejection(r hashbench.Result) string {
	if why := b.goal.Judge(r); why != "" {
		return why
	}
	if b.chosen != nil && r.Params != b.chosen.Params {
		return "weaker than the choice"
	}
	return ""
}
