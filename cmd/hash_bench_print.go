package cmd

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/authn/hashing/hashbench"
	"github.com/authctl/authctl/cmd/config"
)

// benchView is the result of the benchmark in JSON and YAML.
type benchView struct {
	Chosen     *costView          `json:"chosen"` // without a goal, the configured cost; null if no cost meets the goal
	Configured costView           `json:"configured"`
	Weaker     *bool              `json:"weaker_than_configured"` // whether the choice is weaker; null if there is no choice
	Reliable   bool               `json:"reliable"`               // whether the measurements of the choice, or of the check, are reliable
	Doubts     []string           `json:"doubts"`                 // reasons why the result is not reliable
	Candidates []candidateView    `json:"candidates"`
	Attack     []hashbench.Attack `json:"attack"` // on the chosen cost; without a choice, on the configured cost
	Machine    machineView        `json:"machine"`
}

type costView struct {
	MemoryKiB   uint32 `json:"memory_kib"`
	Iterations  uint32 `json:"iterations"`
	Parallelism uint8  `json:"parallelism"`
}

// candidateView is one cost at one concurrency. Times are null when it was not measured.
type candidateView struct {
	costView
	Name            string   `json:"name"` // the recommending body, configured, given or candidate
	Concurrency     int      `json:"concurrency"`
	Samples         int      `json:"samples"`
	P50             *float64 `json:"p50_ms"`
	P95             *float64 `json:"p95_ms"`
	P99             *float64 `json:"p99_ms"` // the slowest if there are fewer than 100 samples
	HashesPerSecond *float64 `json:"hashes_per_second"`
	CPUPerHash      *float64 `json:"cpu_seconds_per_hash"`
	PeakRSS         int64    `json:"peak_rss_bytes"` // of a process that only computes these hashes
	Spread          float64  `json:"spread"`
	Rounds          int      `json:"rounds"`
	Reliable        bool     `json:"reliable"` // several rounds agree
	Rejected        *string  `json:"rejected"` // reason against it; null if there is none
}

type machineView struct {
	CPUs              int    `json:"cpus"`
	CPUModel          string `json:"cpu_model"`
	Workers           int    `json:"workers"`
	Implementation    string `json:"implementation"` // of Argon2
	MemoryLimit       int64  `json:"memory_limit_bytes"`
	MemoryLimitSource string `json:"memory_limit_source"`
	MemoryForHashing  int64  `json:"memory_for_hashing_bytes"`
}

func viewCost(p hashing.Params) costView { return costView{p.Memory, p.Iterations, p.Parallelism} }

func (b *bench) print() error {
	v := b.view()
	if b.options.svg != "" {
		if err := os.WriteFile(b.options.svg, b.chart(), 0o644); err != nil {
			return &problem{exitUsage, fmt.Errorf("--svg: %w", err), ""}
		}
	}
	if err := b.options.output.print(b.a.out, v, b.table(v), nil); err != nil {
		return err
	}
	b.talk(v)
	return nil
}

func (b *bench) view() benchView {
	limit, source := config.MemoryLimit()
	doubts := b.doubts()
	v := benchView{Configured: viewCost(b.configured), Doubts: doubts, Reliable: len(doubts) == 0, Candidates: []candidateView{}, Machine: machineView{
		CPUs: runtime.NumCPU(), CPUModel: cpuModel(), Workers: b.goal.Workers, Implementation: b.implementation(), MemoryLimit: limit, MemoryLimitSource: source, MemoryForHashing: b.goal.Memory,
	}}
	attacked := b.configured
	switch {
	case b.chosen != nil:
		attacked = b.chosen.Params
		fallthrough
	case !b.goal.Asked():
		chosen, weaker := viewCost(attacked), b.weaker()
		v.Chosen, v.Weaker = &chosen, &weaker
	}
	v.Attack = hashbench.Attacks(attacked)
	for _, r := range slices.Concat(b.results, b.solved) {
		v.Candidates = append(v.Candidates, b.viewCandidate(r))
	}
	for _, p := range b.costs() {
		if why := b.impossible(p); why != "" {
			v.Candidates = append(v.Candidates, candidateView{costView: viewCost(p), Name: b.names[p], Rejected: &why})
		}
	}
	return v
}

// implementation names the implementation of Argon2 that was measured.
func (b *bench) implementation() string {
	h, err := hashing.New(hashing.Config{Params: hashing.Params{Memory: 8, Iterations: 1, Parallelism: 1}, Portable: b.portable})
	if err != nil {
		return ""
	}
	return h.Implementation()
}

func (b *bench) viewCandidate(r hashbench.Result) candidateView {
	ms := func(d time.Duration) *float64 { v := float64(d.Microseconds()) / 1000; return &v }
	cpu := r.CPUPerHash.Seconds()
	v := candidateView{
		costView: viewCost(r.Params), Name: b.names[r.Params], Concurrency: r.Concurrency, Samples: len(r.Latencies),
		P50: ms(r.Percentile(50)), P95: ms(r.Percentile(95)), P99: ms(r.Percentile(99)),
		HashesPerSecond: &r.HashesPerSecond, CPUPerHash: &cpu, PeakRSS: r.PeakRSS, Spread: r.Spread, Rounds: r.Rounds(), Reliable: doubt(r) == "",
	}
	if why := b.rejection(r); why != "" && r.Concurrency == b.goal.Workers {
		v.Rejected = &why
	}
	return v
}

func (b *bench) table(v benchView) table {
	t := table{header: []string{"COST", "AT ONCE", "P50", "P95", "P99", "HASHES/S", "CPU S", "PEAK", "WHO", "", "REJECTED"}}
	slowest := 1.0
	for _, c := range v.Candidates {
		if c.P95 != nil {
			slowest = max(slowest, *c.P95)
		}
	}
	for _, c := range v.Candidates {
		row := []string{hashing.Params{Memory: c.MemoryKiB, Iterations: c.Iterations, Parallelism: c.Parallelism}.String(), "", "", "", "", "", "", "", c.Name, "", ""}
		if c.P95 != nil {
			about := approximately(c.Reliable)
			copy(row[1:], []string{fmt.Sprint(c.Concurrency), about + milliseconds(*c.P50), approximately(c.Reliable && c.Samples >= fewHashes) + milliseconds(*c.P95),
				approximately(c.Reliable && c.Samples >= 100) + milliseconds(*c.P99), fmt.Sprintf("%s%.1f", about, *c.HashesPerSecond),
				fmt.Sprintf("%s%.3f", about, *c.CPUPerHash), config.ShowSize(config.Size(c.PeakRSS))})
			row[9] = strings.Repeat("▇", max(1, int(*c.P95/slowest*20)))
		}
		if c.Rejected != nil {
			row[10] = *c.Rejected
		}
		t.rows = append(t.rows, row)
	}
	return t
}

func milliseconds(ms float64) string { return fmt.Sprintf("%.0f ms", ms) }

// talk prints the results that the table omits.
func (b *bench) talk(v benchView) {
	b.a.say("Argon2's implementation is %q", v.Machine.Implementation)
	if b.chosen != nil {
		b.a.say("chosen: %s, p95 %s%d ms with %d concurrent hashes", b.chosen.Params, approximately(doubt(*b.chosen) == ""), b.chosen.Percentile(95).Milliseconds(), b.chosen.Concurrency)
	}
	for _, attack := range v.Attack {
		b.a.say("an attacker makes about %s guesses a second on a %s, and %s million guesses for a dollar (%s)", twoDigits(attack.HashesPerSecond), attack.GPU, twoDigits(attack.HashesPerDollar/1e6), attack.Source)
	}
	if len(v.Doubts) > 0 {
		b.a.say("warning: the measurement is unreliable, because the machine was busy or the time too short: %s; repeat it with a longer --time while nothing else runs here", first(v.Doubts))
	}
}

// cpuModel returns the name of the processor, or else its architecture.
func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if name, value, found := strings.Cut(lines.Text(), ":"); found && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
