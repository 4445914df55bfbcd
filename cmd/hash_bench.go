package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/authn/hashing/hashbench"
	"github.com/authctl/authctl/cmd/config"
)

type hashBenchOptions struct {
	output
	confirmOptions
	target  time.Duration
	logins  float64
	maxP99  time.Duration
	memory  string
	time    time.Duration
	params  []string
	impl    string
	write   bool
	force   bool
	check   bool
	compare bool
	svg     string
}

func newHashBench(a *app) *cobra.Command {
	var o hashBenchOptions
	c := &cobra.Command{
		Use:   "hash-bench",
		Short: "Measure the cost of password hashes on this machine, and choose one",
		Long: `Measure the costs that OWASP and RFC 9106 recommend, and the configured one. Each is measured at
three concurrencies: one hash at a time, as many as there are workers, and twice as many. With a
goal, the command chooses the strongest cost that meets it, never one below the OWASP minimum.

--write puts the choice into the configuration file. It refuses with exit code 3 when the
measurement is unreliable: the rounds differ by more than 5 %, or there was time for only one.
A "~" marks an approximate figure.`,
		Example: `  authctl hash-bench
  authctl hash-bench --target 300ms --write
  authctl hash-bench --logins-per-second 40 --max-p99 800ms --memory 1GiB
  authctl hash-bench --check --target 500ms
  authctl hash-bench --compare`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	o.output.addFlag(c, "table", "json", "yaml")
	o.confirmOptions.addFlag(c)
	f := c.Flags()
	f.DurationVar(&o.target, "target", 0, "choose the strongest cost whose p95 latency stays within this, all workers busy")
	f.Float64Var(&o.logins, "logins-per-second", 0, "choose the strongest cost that serves this many sign-ins a second")
	f.DurationVar(&o.maxP99, "max-p99", 0, "p99 latency allowed, queueing included (needs --logins-per-second)")
	f.StringVar(&o.memory, "memory", "", "memory `size` for all workers together (default: hashing.memory_budget)")
	f.DurationVar(&o.time, "time", 30*time.Second, "approximate duration of the whole measurement")
	f.StringArrayVar(&o.params, "params", nil, "measure this cost, such as `m=65536,t=3,p=1` (KiB), and the configured one, and no others; may be repeated")
	f.StringVar(&o.impl, "implementation", "", "implementation of Argon2: auto or portable (default: the configured one)")
	f.BoolVar(&o.write, "write", false, "write the chosen cost into the configuration file")
	f.BoolVar(&o.force, "force", false, "with --write: write the choice even if the measurement is noisy or has only one round")
	f.BoolVar(&o.check, "check", false, "exit 3 when the configured cost is below the OWASP minimum, misses the goal, or is too close to it to tell")
	f.BoolVar(&o.compare, "compare", false, "count the stored hashes by algorithm and cost, and measure nothing")
	f.StringVar(&o.svg, "svg", "", "draw latency over concurrency, and throughput over memory, into this `file`")
	c.AddCommand(newHashBenchChild(a))
	return c
}

// bench is one run of the command.
type bench struct {
	options    *hashBenchOptions
	a          *app
	configured hashing.Params
	portable   bool
	goal       hashbench.Goal
	results    []hashbench.Result
	names      map[hashing.Params]string
	chosen     *hashbench.Result
	solved     []hashbench.Result
}

func (o *hashBenchOptions) run(ctx context.Context, a *app) error {
	if err := o.validate(); err != nil {
		return err
	}
	if o.compare {
		return o.runCompare(ctx, a)
	}
	b, err := o.prepare(a)
	if err != nil {
		return err
	}
	measured := b.measure(ctx)
	if measured == nil && b.goal.Asked() && !o.check {
		measured = b.solve(ctx)
	}
	if measured != nil && !errors.Is(measured, context.Canceled) {
		return measured
	}
	if err := b.print(); err != nil {
		return err
	}
	if measured != nil {
		return measured
	}
	return b.conclude(ctx)
}

func (o *hashBenchOptions) validate() error {
	switch {
	case o.target < 0 || o.logins < 0 || o.maxP99 < 0 || o.time <= 0:
		return usage("", "--target, --logins-per-second, --max-p99 and --time must not be negative")
	case o.impl != "" && o.impl != config.Auto && o.impl != hashing.Portable:
		return usage("", "--implementation must be auto or portable, not %q", o.impl)
	case o.maxP99 > 0 && o.logins == 0:
		return usage("", "--max-p99 needs --logins-per-second")
	case o.write && o.target == 0 && o.logins == 0:
		return usage("such as --target 300ms --write", "--write needs a goal to choose by")
	case !o.write && (o.yes || o.dryRun || o.force):
		return usage("", "--yes, --dry-run and --force go with --write")
	case o.write && o.check, o.compare && (o.write || o.check):
		return usage("", "give only one of --write, --check and --compare")
	}
	return nil
}

// prepare chooses the costs to measure and reads the goal.
func (o *hashBenchOptions) prepare(a *app) (*bench, error) {
	cfg, err := config.Load(a.sources)
	if err != nil {
		if o.check || o.write {
			return nil, err
		}
		a.say("warning: the configuration has faults (authctl config check), measuring with the defaults: %s", oneLine(err))
		if cfg, err = config.Defaults(); err != nil {
			return nil, err
		}
	}
	limit, source := config.MemoryLimit()
	budget := cfg.Budget(limit)
	b := &bench{options: o, a: a, configured: cfg.Password.Argon2.Params(), names: map[hashing.Params]string{}}
	if o.impl == "" {
		o.impl = cfg.Password.Argon2.Implementation
	}
	b.portable = o.impl == hashing.Portable
	b.goal = hashbench.Goal{Target: o.target, LoginsPerSecond: o.logins, MaxP99: o.maxP99, Workers: budget.Workers, Memory: budget.Memory}
	if o.memory != "" {
		n, err := config.ParseSize(o.memory)
		if err != nil {
			return nil, usage("", "--memory: %v", err)
		}
		b.goal.Memory = int64(n)
		if limit > 0 && int64(n) > limit {
			return nil, usage("", "--memory: %s is more than the %s that this process may use (%s)", o.memory, config.ShowSize(config.Size(limit)), source)
		}
	}
	if floor := int64(7168) << 10 * int64(b.goal.Workers); b.goal.Memory > 0 && floor > b.goal.Memory {
		a.say("warning: the least memory that OWASP accepts, 7MiB, does not fit %s times into %s: give --memory, or lower hashing.workers", strconv.Itoa(b.goal.Workers), config.ShowSize(config.Size(b.goal.Memory)))
	}
	b.names[b.configured] = "configured"
	for _, text := range o.params {
		p, err := hashing.ParseParams(text)
		if err != nil {
			return nil, usage("such as m=65536,t=3,p=1, memory in KiB", "--params: %q is not a cost: %v", text, err)
		}
		b.name(p, "given")
	}
	if len(o.params) == 0 && !o.check {
		for _, s := range hashbench.Sets() {
			b.name(s.Params, s.Name)
		}
	}
	return b, nil
}

func (b *bench) name(p hashing.Params, name string) {
	if old := b.names[p]; old != "" {
		name = old + ", " + name
	}
	b.names[p] = name
}

// cells returns each cost at each concurrency, without the combinations that exceed the memory.
func (b *bench) cells() []hashbench.Cell {
	w := b.goal.Workers
	concurrencies := slices.Compact([]int{1, w, 2 * w})
	var cells []hashbench.Cell
	for _, p := range b.costs() {
		for _, c := range concurrencies {
			onlyBusy := b.options.check || b.goal.Asked() && p != b.configured // a goal is about busy workers
			if b.impossible(p) == "" && (c == w || !onlyBusy) {
				cells = append(cells, hashbench.Cell{Params: p, Concurrency: c})
			}
		}
	}
	return cells
}

// costs returns the costs to measure, sorted by memory and iterations.
func (b *bench) costs() []hashing.Params {
	var costs []hashing.Params
	for p := range b.names {
		costs = append(costs, p)
	}
	slices.SortFunc(costs, func(x, y hashing.Params) int {
		if x.Memory != y.Memory {
			return int(x.Memory) - int(y.Memory)
		}
		return int(x.Iterations)*100 + int(x.Parallelism) - int(y.Iterations)*100 - int(y.Parallelism)
	})
	return costs
}

// impossible returns why a cost cannot be measured on this machine, or "".
func (b *bench) impossible(p hashing.Params) string {
	if p.Validate() != nil {
		return fmt.Sprintf("more than the %d GiB that a hash may take", hashing.MaxMemory>>20)
	}
	if need := int64(p.Memory) << 10 * int64(b.goal.Workers); b.goal.Memory > 0 && need > b.goal.Memory {
		return fmt.Sprintf("%d concurrent hashes need %s, but only %s are available", b.goal.Workers, config.ShowSize(config.Size(need)), config.ShowSize(config.Size(b.goal.Memory)))
	}
	return ""
}

func (b *bench) measure(ctx context.Context) (err error) {
	cells := b.cells()
	if len(cells) == 0 {
		return &problem{exitCheck, errors.New("no cost fits into the available memory"), "give --memory, or lower hashing.workers"}
	}
	limit := b.options.time
	if b.goal.Asked() && !b.options.check {
		limit /= 2 // the rest is for the candidates
	}
	b.results, err = hashbench.Run(ctx, cells, limit, measureInChild(b.goal.Workers, b.portable), b.progress("measuring "+count(int64(len(cells)), "cell")))
	b.endProgress()
	b.results = slices.DeleteFunc(b.results, func(r hashbench.Result) bool { return len(r.Latencies) == 0 })
	return err
}
