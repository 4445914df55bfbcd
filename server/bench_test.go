package server_test

import (
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"
	"golang.org/x/crypto/argon2"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/server"
	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/sqlite"
	"github.com/authctl/authctl/store/storetest"
)

// The benchmarks compare the server, over real HTTP on a loopback port, with a floor: the
// minimal program that could do the same. ratio_to_floor is the floor's time divided by the
// server's. Server and floor run alternately in short rounds, so that other load on the
// machine affects both. ns/op and allocs/op are those of the server, and of a client that
// allocates almost nothing.

// benchClients is the number of concurrent clients.
const benchClients = 4

// production is the default cost of a password.
var production = hashing.Params{Memory: 64 << 10, Iterations: 3, Parallelism: 1}

// bench is a server with users who are signed in, one per client.
type bench struct {
	b       *testing.B
	svc     *authn.Service
	store   store.Store
	floor   floorDB
	addr    string
	clients [benchClients]*benchClient
	trips   *roundTrips // nil on SQLite
}

// load does one operation of a client.
type load func(client int) error

func onBothBackends(b *testing.B, cost hashing.Params, run func(*bench)) {
	b.Run("sqlite", func(b *testing.B) {
		path := b.TempDir() + "/authctl.db"
		st, err := sqlite.Open(b.Context(), sqlite.Config{Path: path, Create: true})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := st.MigrateUp(b.Context()); err != nil {
			b.Fatal(err)
		}
		run(newBench(b, st, openSQLiteFloor(b, path), nil, cost))
	})
	b.Run("postgres", func(b *testing.B) {
		url, trips := storetest.Postgres(b), &roundTrips{}
		st, err := postgres.Open(b.Context(), postgres.Config{URL: url, MaxConnections: benchClients, Tracer: trips})
		if err != nil {
			b.Fatal(err)
		}
		run(newBench(b, st, openPostgresFloor(b, url), trips, cost))
	})
}

func newBench(b *testing.B, st store.Store, floor floorDB, trips *roundTrips, cost hashing.Params) *bench {
	b.Cleanup(func() { st.Close() })
	svc, err := authn.New(authn.Config{
		Secret: secret, Issuer: "authctl",
		AccessTTL: accessTTL, RefreshTTL: refreshTTL, SessionMaxAge: maxAge, RetryWindow: retryWindow,
		Argon2: cost, MinPasswordLength: 8, MaxStaleness: time.Hour,
	}, st)
	if err != nil {
		b.Fatal(err)
	}
	if err := svc.Cluster.Sync(b.Context()); err != nil {
		b.Fatal(err)
	}
	srv, err := server.New(server.Config{}, svc, st, zerolog.New(io.Discard).With().Timestamp().Logger())
	if err != nil {
		b.Fatal(err)
	}
	bn := &bench{b: b, svc: svc, store: st, floor: floor, trips: trips, addr: serveBench(b, srv.Handler())}
	for i := range bn.clients {
		c := dialBench(b, bn.addr)
		body := account(fmt.Sprintf("user%d", i), password)
		if err := c.do("POST", "/register", body, http.StatusCreated); err != nil {
			b.Fatal(err)
		}
		if err := c.do("POST", "/login", body, http.StatusOK); err != nil {
			b.Fatal(err)
		}
		bn.clients[i] = c
	}
	return bn
}

// serveBench serves on a loopback port as Run would.
func serveBench(b *testing.B, h http.Handler) (addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second}
	go srv.Serve(l)
	b.Cleanup(func() { srv.Close() })
	return l.Addr().String()
}

// compare runs b.N operations of the server and as many of each floor, in alternating rounds,
// and reports how they compare.
func (bn *bench) compare(clients, round int, op load, floors map[string]load) {
	b := bn.b
	b.Helper()
	rounds := (b.N + round - 1) / round
	var took time.Duration
	var trips int64
	floorTook := map[string]time.Duration{}
	b.ReportAllocs()
	b.ResetTimer()
	b.StopTimer()
	for r := range rounds {
		n := min(round, b.N-r*round)
		before := bn.trips.count()
		b.StartTimer()
		took += bn.time(clients, n, op)
		b.StopTimer()
		trips += bn.trips.count() - before
		for name, floor := range floors {
			floorTook[name] += bn.time(clients, n, floor)
		}
	}
	b.ReportMetric(float64(b.N)/took.Seconds(), "req/s")
	for name, d := range floorTook {
		b.ReportMetric(d.Seconds()/took.Seconds(), "ratio_to_"+name)
	}
	if bn.trips != nil {
		b.ReportMetric(float64(trips)/float64(b.N), "roundtrips/op")
	}
}

// time runs n operations on some concurrent clients and returns the time that they took.
func (bn *bench) time(clients, n int, op load) time.Duration {
	var left atomic.Int64
	left.Store(int64(n))
	began := time.Now()
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := op(i); err != nil {
					bn.b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(began)
}

// BenchmarkProfile: the floor is a chi handler that verifies one JWT and reads
// one user by primary key over the same driver.
func BenchmarkProfile(b *testing.B) {
	onBothBackends(b, hashing.Params{Memory: 64, Iterations: 1, Parallelism: 1}, func(bn *bench) {
		addr := serveBench(bn.b, bareProfile(bn.floor))
		var bare [benchClients]*benchClient
		for i := range bare {
			bare[i] = dialBench(bn.b, addr)
			bare[i].access = bn.clients[i].access
		}
		bn.compare(benchClients, 400,
			func(i int) error { return bn.clients[i].do("GET", "/profile", "", http.StatusOK) },
			map[string]load{"floor": func(i int) error { return bare[i].do("GET", "/profile", "", http.StatusOK) }})
	})
}

// BenchmarkRefresh: the floor is a chi handler that executes the same rotation statement
// directly through the driver. The statement alone, without HTTP, is measured too.
func BenchmarkRefresh(b *testing.B) {
	onBothBackends(b, hashing.Params{Memory: 64, Iterations: 1, Parallelism: 1}, func(bn *bench) {
		var alone, behind [benchClients]*bareSession
		var bare [benchClients]*benchClient
		for i := range benchClients {
			alone[i] = bn.newBareSession()
			behind[i] = bn.newBareSession()
			bare[i] = dialBench(bn.b, serveBench(bn.b, bareRefresh(bn.floor, behind[i])))
		}
		bn.compare(benchClients, 200,
			func(i int) error { return bn.clients[i].do("POST", "/refresh", "", http.StatusOK) },
			map[string]load{
				"floor":     func(i int) error { return bare[i].do("POST", "/refresh", "", http.StatusOK) },
				"statement": func(i int) error { return alone[i].rotate(b.Context(), bn.floor) },
			})
	})
}

// BenchmarkLogin: the floor is one Argon2 hash with the same parameters. One
// client, because hashes share the cores.
func BenchmarkLogin(b *testing.B) {
	onBothBackends(b, production, func(bn *bench) {
		salt := make([]byte, 16)
		rand.Read(salt)
		bn.compare(1, 1,
			func(int) error { return bn.clients[0].do("POST", "/login", account("user0", password), http.StatusOK) },
			map[string]load{"floor": func(int) error {
				argon2.IDKey([]byte(password), salt, production.Iterations, production.Memory, production.Parallelism, 32)
				return nil
			}})
	})
}

// roundTrips counts what a PostgreSQL store sends.
type roundTrips struct{ n atomic.Int64 }

func (r *roundTrips) count() int64 {
	if r == nil {
		return 0
	}
	return r.n.Load()
}

var (
	_ pgx.QueryTracer = (*roundTrips)(nil)
	_ pgx.BatchTracer = (*roundTrips)(nil)
)
