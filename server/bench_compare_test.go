package server_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// measured is what the rounds of one side of a comparison took.
type measured struct {
	took      time.Duration
	latencies []time.Duration
	cpu       time.Duration // processor time of this process, clients included
	dbCPU     time.Duration // processor time of the database's processes
}

// p99 returns the 99th percentile of the latencies.
func (m *measured) p99() time.Duration {
	slices.Sort(m.latencies)
	return m.latencies[len(m.latencies)*99/100]
}

// compare runs b.N operations of the server and as many of each floor, in alternating rounds,
// and reports how they compare. cpu-µs/op includes the clients, which are equal on both sides.
func (bn *bench) compare(clients, round int, op load, floors map[string]load) {
	b := bn.b
	b.Helper()
	rounds := (b.N + round - 1) / round
	var server measured
	var trips int64
	sides := map[string]*measured{}
	for name := range floors {
		sides[name] = &measured{}
	}
	b.ReportAllocs()
	b.ResetTimer()
	b.StopTimer()
	for r := range rounds {
		n := min(round, b.N-r*round)
		before := bn.trips.Statements()
		bn.time(clients, n, op, &server, b.StartTimer, b.StopTimer)
		trips += bn.trips.Statements() - before
		for name, floor := range floors {
			bn.time(clients, n, floor, sides[name], func() {}, func() {})
		}
	}
	b.ReportMetric(float64(b.N)/server.took.Seconds(), "req/s")
	b.ReportMetric(float64((server.cpu+server.dbCPU).Microseconds())/float64(b.N), "cpu-µs/op")
	for name, floor := range sides {
		b.ReportMetric(floor.took.Seconds()/server.took.Seconds(), "ratio_to_"+name)
		b.ReportMetric(server.p99().Seconds()/floor.p99().Seconds(), "p99_to_"+name)
		b.ReportMetric((server.cpu+server.dbCPU).Seconds()/(floor.cpu+floor.dbCPU).Seconds(), "cpu_to_"+name)
	}
	if bn.trips != nil {
		b.ReportMetric(float64(trips)/float64(b.N), "roundtrips/op")
	}
}

// time runs n operations on some concurrent clients, between calls of begin and end, and adds what
// they took.
func (bn *bench) time(clients, n int, op load, m *measured, begin, end func()) {
	latencies := make([][]time.Duration, clients)
	for i := range latencies {
		latencies[i] = make([]time.Duration, 0, n)
	}
	var left atomic.Int64
	left.Store(int64(n))
	cpu, dbCPU := processorTime(bn.b), bn.databaseTime()
	began := time.Now()
	begin()
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				sent := time.Now()
				if err := op(i); err != nil {
					bn.b.Error(err)
					return
				}
				latencies[i] = append(latencies[i], time.Since(sent))
			}
		})
	}
	wg.Wait()
	end()
	m.took += time.Since(began)
	m.cpu += processorTime(bn.b) - cpu
	m.dbCPU += bn.databaseTime() - dbCPU
	m.latencies = append(m.latencies, slices.Concat(latencies...)...)
}

// processorTime returns the processor time that this process has used.
func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func (bn *bench) databaseTime() time.Duration {
	if bn.dbCPU == nil {
		return 0
	}
	return bn.dbCPU()
}
