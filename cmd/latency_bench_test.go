package cmd_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"sync"
	"testing"
	"time"
)

// BenchmarkRequestsWhileLoginsSaturate sends cheap requests to a real server 250 times a
// second, first while it is idle and then while sign-ins use all processors:
//
//	go test ./cmd -run '^$' -bench RequestsWhile -benchtime 2000x
//
// It reports the second latency, and its ratio to the first. The requests come at a fixed
// rate, because a client that waits for its answer would send fewer requests to a slow server.
// The client shares the processors with the server.
func BenchmarkRequestsWhileLoginsSaturate(b *testing.B) {
	for _, implementation := range []string{"auto", "portable"} {
		for _, request := range []struct{ method, path string }{{http.MethodGet, "/profile"}, {http.MethodGet, "/verify"}, {http.MethodPost, "/refresh"}} {
			b.Run(implementation+request.path, func(b *testing.B) {
				benchmarkWhileLoginsSaturate(b, implementation, request.method, request.path)
			})
		}
	}
}

func benchmarkWhileLoginsSaturate(b *testing.B, implementation, method, path string) {
	p := startServe(b, b.TempDir(), "AUTHCTL_ENVIRONMENT=production", "AUTHCTL_PASSWORD_ARGON2_IMPLEMENTATION="+implementation)
	const alice = `{"username":"alice","password":"a password for scripts"}`
	call(b, http.DefaultClient, http.MethodPost, p.url+"/register", alice, nil, http.StatusCreated)
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	call(b, client, http.MethodPost, p.url+"/login", alice, nil, http.StatusOK)
	probe := func() []time.Duration {
		latencies := make([]time.Duration, b.N)
		ticker := time.NewTicker(4 * time.Millisecond)
		defer ticker.Stop()
		for i := range latencies {
			<-ticker.C
			began := time.Now()
			call(b, client, method, p.url+path, "", nil, http.StatusOK)
			latencies[i] = time.Since(began)
		}
		slices.Sort(latencies)
		return latencies
	}
	idle := probe()
	stop := saturate(b, p.url+"/login", []byte(alice))
	busy := probe()
	served := stop()
	for _, at := range []struct {
		name string
		part float64
	}{{"p50", .5}, {"p95", .95}, {"p99", .99}} {
		i := int(at.part * float64(b.N-1))
		b.ReportMetric(busy[i].Seconds()*1000, at.name+"-ms")
		b.ReportMetric(busy[i].Seconds()/idle[i].Seconds(), at.name+"-ratio")
	}
	b.ReportMetric(served, "logins/s")
	b.ReportMetric(0, "ns/op")
}

// saturate runs eight clients that sign in repeatedly. stop ends them and returns how many
// sign-ins they did each second.
func saturate(b *testing.B, url string, body []byte) (stop func() float64) {
	var clients sync.WaitGroup
	var mu sync.Mutex
	served, done, began := 0, make(chan struct{}), time.Now()
	for range 8 {
		clients.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				resp, err := http.Post(url, "application/json", bytes.NewReader(body))
				if err != nil {
					b.Error(err)
					return
				}
				io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
				if resp.StatusCode == http.StatusOK {
					mu.Lock()
					served++
					mu.Unlock()
				}
			}
		})
	}
	time.Sleep(time.Second) // until the queue is full; a benchmark, not a test
	return func() float64 {
		close(done)
		took := time.Since(began)
		clients.Wait()
		return float64(served) / took.Seconds()
	}
}
