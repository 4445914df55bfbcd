package authn

import (
	"context"
	"flag"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/sqlite"
	"github.com/authctl/authctl/store/storetest"
)

// fixture is a service on a real database, with a low hash cost and a clock that the test
// sets.
type fixture struct {
	*Service
	ctx    context.Context
	store  store.Store
	config Config
	clock  atomic.Int64 // microseconds since the Unix epoch
}

const (
	goodPassword = "a long walk by the river"
	firstPepper  = "first pepper: 5f9c1e7ab24d80637c"
	secondPepper = "second pepper: 0b6de2f87a419c35d1"
)

var cheap = hashing.Params{Memory: 64, Iterations: 1, Parallelism: 1}

var visitor = Actor{Name: "anonymous", RemoteAddr: "192.0.2.7", UserAgent: "test/1", RequestID: "r-1"}

func testConfig() Config {
	return Config{
		Secret:            testSecret,
		Issuer:            "authctl",
		AccessTTL:         15 * time.Minute,
		RefreshTTL:        7 * 24 * time.Hour,
		SessionMaxAge:     30 * 24 * time.Hour,
		RetryWindow:       10 * time.Second,
		Argon2:            cheap,
		MinPasswordLength: 8,
	}
}

func newFixture(t testing.TB, st store.Store, configure func(*Config)) *fixture {
	t.Helper()
	f := &fixture{ctx: context.Background(), store: st}
	f.clock.Store(issuedAt.UnixMicro())
	cfg := testConfig()
	cfg.Now = func() time.Time { return time.UnixMicro(f.clock.Load()) }
	cfg.DatabaseClock = cfg.Now
	if configure != nil {
		configure(&cfg)
	}
	f.config = cfg
	var err error
	if f.Service, err = New(cfg, st); err != nil {
		t.Fatal(err)
	}
	return f
}

// replaceHasher gives the service a hasher with another clock.
func (f *fixture) replaceHasher(t *testing.T, configure func(*hashing.Config)) {
	t.Helper()
	cfg := hasherConfig(f.config)
	configure(&cfg)
	h, err := hashing.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := *f.rules.Load()
	r.hasher = h
	f.rules.Store(&r)
}

// hashAt returns a hash of the good password at a cost.
func hashAt(t *testing.T, p hashing.Params) string {
	t.Helper()
	h, err := hashing.New(hashing.Config{Params: p})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	encoded, err := h.Hash(t.Context(), goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// Profile answers as a node that has read all revocations.
func (f *fixture) Profile(ctx context.Context, access string) (store.User, error) {
	if err := f.Cluster.Sync(ctx); err != nil {
		return store.User{}, err
	}
	who, err := f.Verify(access)
	if err != nil {
		return store.User{}, err
	}
	return f.Service.Profile(ctx, who)
}

// OwnSessions checks the token first, as a server does.
func (f *fixture) OwnSessions(ctx context.Context, access, cursor string) (who Identity, own []store.Session, next string, err error) {
	if who, err = f.Verify(access); err != nil {
		return who, nil, "", err
	}
	own, next, err = f.Service.OwnSessions(ctx, who, cursor)
	return who, own, next, err
}

// EndOtherSessions checks the token first, as a server does.
func (f *fixture) EndOtherSessions(ctx context.Context, a Actor, access string) error {
	who, err := f.Verify(access)
	if err != nil {
		return err
	}
	return f.Service.EndOtherSessions(ctx, a, who)
}

func (f *fixture) advance(d time.Duration) { f.clock.Add(d.Microseconds()) }

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, configure func(*Config), story func(t *testing.T, f *fixture)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB) store.Store{"sqlite": openSQLite, "postgres": openPostgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(t, newFixture(t, open(t), configure))
		})
	}
}

func openSQLite(t testing.TB) store.Store {
	t.Helper()
	st, err := sqlite.Open(context.Background(), sqlite.Config{Path: storetest.SQLite(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

func openPostgres(t testing.TB) store.Store {
	t.Helper()
	st, err := postgres.Open(context.Background(), postgres.Config{URL: storetest.Postgres(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

func (f *fixture) register(t testing.TB, name string) store.User {
	t.Helper()
	r, err := f.Register(f.ctx, visitor, Account{Username: name, Password: goodPassword})
	if err != nil {
		t.Fatal(err)
	}
	return r.User
}

func (f *fixture) signIn(t testing.TB, name string) Grant {
	t.Helper()
	g, err := f.Login(f.ctx, visitor, Account{Username: name, Password: goodPassword}, "")
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func (f *fixture) refreshed(t testing.TB, token string) Grant {
	t.Helper()
	g, err := f.Refresh(f.ctx, visitor, token)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// wantCode fails the test unless err has the code; "" stands for success.
func wantCode(t testing.TB, what string, err error, want Code) {
	t.Helper()
	var got Code
	if err != nil {
		got = CodeOf(err)
	}
	if got != want {
		t.Errorf("%s: got %q (%v), want %q", what, got, err, want)
	}
}

// TestMain lets the models try forty sequences each, and a hundred in the long tests. A
// -rapid.checks of the command line wins.
func TestMain(m *testing.M) {
	if os.Getenv("AUTHCTL_TEST_SOAK") == "" {
		_ = flag.Set("rapid.checks", "40") // it is a number
	}
	os.Exit(storetest.Main(m))
}
