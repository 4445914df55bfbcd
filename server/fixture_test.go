package server_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/server"
	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/sqlite"
	"github.com/authctl/authctl/store/storetest"
)

const (
	secret   = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
	password = "a password for tests"

	accessTTL   = 15 * time.Minute
	refreshTTL  = 7 * 24 * time.Hour
	maxAge      = 30 * 24 * time.Hour
	retryWindow = 10 * time.Second
)

// fixture is a whole server on a loopback port.
type fixture struct {
	t      testing.TB
	srv    *server.Server
	svc    *authn.Service
	store  store.Store
	addr   string // host:port of the public listener
	clock  *clock
	client *http.Client
	log    *logBuffer
	ready  atomic.Pointer[error] // why it is not ready; nil when it is

	mu      sync.Mutex
	secrets map[string]bool // must not be logged
}

// setup holds what a test may change before the server starts.
type setup struct {
	server   server.Config
	authn    authn.Config
	store    store.Store
	timeouts [2]time.Duration                // header, whole request; zero keeps the defaults
	listen   func(net.Listener) net.Listener // wraps the public listener; nil for none
	blind    bool                            // the revocation feed is not read when the server starts
}

// start runs a server until the test ends, on SQLite unless change selects another store. It
// then checks the log: each line is one JSON object, and no line has a secret.
func start(t testing.TB, change ...func(*setup)) *fixture {
	t.Helper()
	clock := &clock{now: time.Now().UTC().Truncate(time.Second)}
	conf := setup{
		server: server.Config{ShutdownTimeout: 10 * time.Second, Version: "test"},
		authn: authn.Config{
			Secret: secret, Issuer: "authctl",
			AccessTTL: accessTTL, RefreshTTL: refreshTTL, SessionMaxAge: maxAge, RetryWindow: retryWindow,
			Argon2: hashing.Params{Memory: 64, Iterations: 1, Parallelism: 1}, MinPasswordLength: 8,
			MaxStaleness: 30 * time.Minute, // nobody reads the feed again, however long a test takes
			Now:          clock.Now, DatabaseClock: clock.Now,
		},
	}
	for _, c := range change {
		c(&conf)
	}
	if conf.store == nil {
		conf.store = openSQLite(t)
	}
	svc, err := authn.New(conf.authn, conf.store)
	if err != nil {
		t.Fatal(err)
	}
	if !conf.blind {
		if err := svc.Cluster.Sync(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	f := &fixture{t: t, svc: svc, store: conf.store, clock: clock, log: &logBuffer{}, secrets: map[string]bool{secret: true}}
	conf.server.Ready = func() error {
		if cause := f.ready.Load(); cause != nil {
			return *cause
		}
		return nil
	}
	f.srv, err = server.New(conf.server, svc, conf.store, zerolog.New(f.log).Level(zerolog.DebugLevel))
	if err != nil {
		t.Fatal(err)
	}
	f.srv.SetClock(clock.Now)
	if conf.timeouts[0] != 0 {
		f.srv.SetReadTimeouts(conf.timeouts[0], conf.timeouts[1])
	}
	t.Cleanup(f.checkLog) // when the server has stopped
	t.Cleanup(f.noteHashes)
	f.run(conf.listen)
	return f
}

func (f *fixture) run(wrap func(net.Listener) net.Listener) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.t.Fatal(err)
	}
	f.addr = listener.Addr().String()
	if wrap != nil {
		listener = wrap(listener)
	}
	f.client = &http.Client{
		Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.srv.Run(ctx, listener, nil) }()
	f.t.Cleanup(func() {
		f.client.CloseIdleConnections()
		stop()
		if err := <-done; err != nil {
			f.t.Errorf("run: %v", err)
		}
	})
}

func openSQLite(t testing.TB) store.Store {
	t.Helper()
	st, err := sqlite.Open(t.Context(), sqlite.Config{Path: filepath.Join(t.TempDir(), "authctl.db"), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	if _, err := st.MigrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	return st
}

func openPostgres(t testing.TB) store.Store {
	t.Helper()
	st, err := postgres.Open(t.Context(), postgres.Config{URL: storetest.Postgres(t), MaxConnections: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

var backends = []struct {
	name string
	open func(testing.TB) store.Store
}{
	{"sqlite", openSQLite},
	{"postgres", openPostgres},
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, story func(*testing.T, func(...func(*setup)) *fixture)) {
	t.Helper()
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			t.Parallel()
			story(t, func(change ...func(*setup)) *fixture {
				t.Helper()
				st := backend.open(t)
				return start(t, append([]func(*setup){func(s *setup) { s.store = st }}, change...)...)
			})
		})
	}
}

// serve answers one request without a network, for requests that a client cannot send.
func (f *fixture) serve(h http.Handler, r *http.Request) answer {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return answer{status: w.Code, header: w.Header(), body: w.Body.Bytes()}
}

// eventually waits for a condition that the server fulfils after its answer.
func (f *fixture) eventually(holds func() bool) {
	f.t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			f.t.Fatal("it does not come about")
		}
	}
}

// clock is a clock that the test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// logBuffer keeps what is logged.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) lines() [][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Split(bytes.TrimSpace(bytes.Clone(b.buf.Bytes())), []byte("\n"))
}

func TestMain(m *testing.M) { os.Exit(storetest.Main(m)) }
