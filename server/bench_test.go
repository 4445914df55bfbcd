package server_test

import (
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

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

// benchClients is the number of concurrent clients, unless a benchmark has several numbers.
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
	clients []*benchClient
	trips   *storetest.RoundTrips // nil on SQLite
	dbCPU   func() time.Duration  // processor time of the database's processes so far; nil if unknown
}

// load does one operation of a client.
type load func(client int) error

func onBothBackends(b *testing.B, cost hashing.Params, run func(*bench)) {
	b.Run("sqlite", func(b *testing.B) { run(benchSQLite(b, b.TempDir(), benchClients, cost)) })
	b.Run("postgres", func(b *testing.B) { run(benchPostgres(b, storetest.Postgres(b), benchClients, benchClients, cost)) })
}

func benchSQLite(b *testing.B, dir string, clients int, cost hashing.Params) *bench {
	path := dir + "/authctl.db"
	st, err := sqlite.Open(b.Context(), sqlite.Config{Path: path, Create: true})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := st.MigrateUp(b.Context()); err != nil {
		b.Fatal(err)
	}
	bn := &bench{b: b, store: st, floor: openSQLiteFloor(b, path)}
	bn.start(clients, cost)
	return bn
}

// benchPostgres gives the server and the floor as many connections each.
func benchPostgres(b *testing.B, url string, clients int, connections int32, cost hashing.Params) *bench {
	trips := &storetest.RoundTrips{}
	st, err := postgres.Open(b.Context(), postgres.Config{URL: url, MaxConnections: connections, Tracer: trips})
	if err != nil {
		b.Fatal(err)
	}
	bn := &bench{b: b, store: st, floor: openPostgresFloor(b, url, connections), trips: trips}
	bn.start(clients, cost)
	return bn
}

// start starts the server and signs its users in.
func (bn *bench) start(clients int, cost hashing.Params) {
	b, st := bn.b, bn.store
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
	bn.svc, bn.addr = svc, serveBench(b, srv.Handler())
	for i := range clients {
		c := dialBench(b, bn.addr)
		body := account(fmt.Sprintf("user%d", i), password)
		if err := c.do("POST", "/register", body, http.StatusCreated); err != nil {
			b.Fatal(err)
		}
		if err := c.do("POST", "/login", body, http.StatusOK); err != nil {
			b.Fatal(err)
		}
		bn.clients = append(bn.clients, c)
	}
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
