package server_test

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/rs/zerolog"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/cmd/logbuffer"
	"github.com/authctl/authctl/server"
)

// verifyClients is the number of concurrent clients of BenchmarkVerify, and verifyRound how many
// requests they send in a round.
const (
	verifyClients = 64
	verifyRound   = 4000
)

// BenchmarkVerify has the default log: two lines a request, through the buffer of serve. The floors
// are the same server with log.requests off, and a chi handler that verifies the same token and logs
// nothing. The log goes to a file, or to a pipe that somebody reads.
func BenchmarkVerify(b *testing.B) {
	for name, open := range map[string]func(*testing.B) io.Writer{"file": logFile, "pipe": logPipe} {
		b.Run(name, func(b *testing.B) {
			bn := benchSQLite(b, b.TempDir(), verifyClients, hashing.Params{Memory: 64, Iterations: 1, Parallelism: 1})
			lines := logbuffer.New(open(b), nil)
			lines.Delay()
			b.Cleanup(lines.Close)
			logged := bn.verifying(bn.handler(lines, server.Config{}))
			silent := bn.verifying(bn.handler(lines, server.Config{LogRequests: server.LogOff}))
			bare := bn.verifying(bareVerify())
			bn.compareByRound(logged, map[string]load{"off": silent, "floor": bare})
		})
	}
}

// compareByRound runs operations of the server and of each floor by turns, and reports the medians of
// the rounds' ratios: the differences are smaller than what other load on the machine changes in a
// round. cpu_of_X is the processor time of floor X, clients included, for one of the server's.
func (bn *bench) compareByRound(op load, floors map[string]load) {
	b := bn.b
	ratios := map[string][]float64{}
	var took time.Duration
	b.ReportAllocs()
	b.ResetTimer()
	b.StopTimer()
	for left := b.N; left > 0; left -= verifyRound {
		var server measured
		n := min(verifyRound, left)
		bn.time(verifyClients, n, op, &server, b.StartTimer, b.StopTimer)
		took += server.took
		for name, floor := range floors {
			var m measured
			bn.time(verifyClients, n, floor, &m, func() {}, func() {})
			ratios["ratio_to_"+name] = append(ratios["ratio_to_"+name], m.took.Seconds()/server.took.Seconds())
			ratios["cpu_of_"+name] = append(ratios["cpu_of_"+name], m.cpu.Seconds()/server.cpu.Seconds())
		}
	}
	b.ReportMetric(float64(b.N)/took.Seconds(), "req/s")
	for name, all := range ratios {
		slices.Sort(all)
		b.ReportMetric(all[len(all)/2], name)
	}
}

func logFile(b *testing.B) io.Writer {
	f, err := os.Create(filepath.Join(b.TempDir(), "serve.log"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return f
}

func logPipe(b *testing.B) io.Writer {
	out, in, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		io.Copy(io.Discard, struct{ io.Reader }{out})
	}()
	b.Cleanup(func() { in.Close(); <-read; out.Close() })
	return in
}

// handler returns the handler of a further server of the same service.
func (bn *bench) handler(log io.Writer, cfg server.Config) http.Handler {
	srv, err := server.New(cfg, bn.svc, bn.store, zerolog.New(log).With().Timestamp().Logger())
	if err != nil {
		bn.b.Fatal(err)
	}
	return srv.Handler()
}

// verifying returns the load of clients of a handler that ask /verify, with a connection each.
func (bn *bench) verifying(h http.Handler) load {
	addr := serveBench(bn.b, h)
	clients := make([]*benchClient, verifyClients)
	for i := range clients {
		clients[i] = dialBench(bn.b, addr)
		clients[i].access = bn.clients[i].access
	}
	return func(i int) error { return clients[i].do("GET", "/verify", "", http.StatusOK) }
}

// bareVerify is the minimal handler that answers /verify.
func bareVerify() http.Handler {
	r := chi.NewRouter()
	r.Get("/verify", func(w http.ResponseWriter, r *http.Request) {
		claims, err := bareClaims(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		w.Header().Set("X-Auth-User-Id", claims.Subject)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}\n")
	})
	return r
}
