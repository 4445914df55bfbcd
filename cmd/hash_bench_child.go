package cmd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/authn/hashing/hashbench"
)

// Each measurement is a process of its own, so that the peak memory of the process belongs to
// one cost only.

// childOptions is the input of the measuring process.
type childOptions struct {
	cell     hashbench.Cell
	workers  int
	about    time.Duration
	portable bool
}

// childReport is the output of the measuring process.
type childReport struct {
	Latencies []time.Duration `json:"latencies"`
	Wall      time.Duration   `json:"wall"`
	CPU       time.Duration   `json:"cpu"`
}

func newHashBenchChild(a *app) *cobra.Command {
	var o childOptions
	c := &cobra.Command{
		Use:    "measure",
		Short:  "Measure one cost, for authctl hash-bench",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			report, err := o.measure(c.Context())
			if err != nil {
				return err
			}
			return json.NewEncoder(a.out).Encode(report)
		},
	}
	f := c.Flags()
	f.Uint32Var(&o.cell.Params.Memory, "memory-kib", 0, "")
	f.Uint32Var(&o.cell.Params.Iterations, "iterations", 0, "")
	f.Uint8Var(&o.cell.Params.Parallelism, "parallelism", 0, "")
	f.IntVar(&o.cell.Concurrency, "concurrency", 1, "")
	f.IntVar(&o.workers, "workers", 1, "")
	f.DurationVar(&o.about, "about", 0, "")
	f.BoolVar(&o.portable, "portable", false, "")
	return c
}

// measure computes hashes at the concurrency of the cell, with the same hasher as serve.
func (o childOptions) measure(ctx context.Context) (childReport, error) {
	hasher, err := hashing.New(hashing.Config{Params: o.cell.Params, Budget: hashing.Budget{Workers: o.workers, MaxWait: time.Hour}, Portable: o.portable})
	if err != nil {
		return childReport{}, err
	}
	hasher.AddThreads()
	if _, err := hasher.Hash(ctx, "warm"); err != nil { // the first one finds cold caches
		return childReport{}, err
	}
	var mu sync.Mutex
	var r childReport
	var failed error
	var all sync.WaitGroup
	cpu, began := cpuTime(), time.Now()
	for range o.cell.Concurrency {
		all.Go(func() {
			for first := true; first || time.Since(began) < o.about; first = false {
				asked := time.Now()
				_, err := hasher.Hash(ctx, "correct horse battery staple")
				took := time.Since(asked)
				mu.Lock()
				r.Latencies, failed = append(r.Latencies, took), errors.Join(failed, err)
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	all.Wait()
	r.Wall, r.CPU = time.Since(began), cpuTime()-cpu
	return r, failed
}

// measureInChild measures a cell in a process of its own.
func measureInChild(workers int, portable bool) hashbench.Measure {
	return func(ctx context.Context, c hashbench.Cell, about time.Duration) (hashbench.Sample, error) {
		binary, err := os.Executable()
		if err != nil {
			return hashbench.Sample{}, err
		}
		p := c.Params
		child := exec.CommandContext(ctx, binary, "hash-bench", "measure",
			"--memory-kib", fmt.Sprint(p.Memory), "--iterations", fmt.Sprint(p.Iterations), "--parallelism", fmt.Sprint(p.Parallelism),
			"--concurrency", strconv.Itoa(c.Concurrency), "--workers", strconv.Itoa(workers), "--about", about.String(), fmt.Sprintf("--portable=%t", portable))
		apart(child)
		child.Stderr = os.Stderr
		out, err := child.Output()
		if ctx.Err() != nil {
			return hashbench.Sample{}, ctx.Err()
		}
		if err != nil {
			return hashbench.Sample{}, fmt.Errorf("measure %s: %w", p, err)
		}
		var r childReport
		if err := json.Unmarshal(out, &r); err != nil || len(r.Latencies) == 0 {
			return hashbench.Sample{}, fmt.Errorf("measure %s: the measuring process answered %.100q", p, out)
		}
		return hashbench.Sample{Latencies: r.Latencies, Wall: r.Wall, CPU: r.CPU, PeakRSS: peakRSS(child.ProcessState)}, nil
	}
}
