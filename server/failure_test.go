package server_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// failing is a store whose database can be taken away.
type failing struct {
	store.Store
	err      atomic.Pointer[error]
	noWrites atomic.Pointer[error] // what it answers when it is asked whether it takes writes
}

func (s *failing) Writable(ctx context.Context) error {
	if err := s.noWrites.Load(); err != nil {
		return *err
	}
	return s.Store.Writable(ctx)
}

func (s *failing) fail(err error) { s.err.Store(&err) }

func (s *failing) failure() error {
	if err := s.err.Load(); err != nil {
		return *err
	}
	return nil
}

func (s *failing) Credentials(ctx context.Context, folded string) (store.Credentials, error) {
	if err := s.failure(); err != nil {
		return store.Credentials{}, err
	}
	return s.Store.Credentials(ctx, folded)
}

func (s *failing) BeginLogin(ctx context.Context, a store.Attempt) (store.Admission, error) {
	if err := s.failure(); err != nil {
		return store.Admission{}, err
	}
	return s.Store.BeginLogin(ctx, a)
}

func (s *failing) CreateUser(ctx context.Context, u store.NewUser, e store.Event) (store.User, error) {
	if err := s.failure(); err != nil {
		return store.User{}, err
	}
	return s.Store.CreateUser(ctx, u, e)
}

func (s *failing) Rotate(ctx context.Context, r store.Rotation, e store.Event) (store.RotateResult, error) {
	if err := s.failure(); err != nil {
		return store.RotateResult{}, err
	}
	return s.Store.Rotate(ctx, r, e)
}

func (s *failing) EndSessionsByID(ctx context.Context, ids []uuid.UUID, e store.Event) (int, error) {
	if err := s.failure(); err != nil {
		return 0, err
	}
	return s.Store.EndSessionsByID(ctx, ids, e)
}

func (s *failing) EndSessionsLate(ctx context.Context, ids []uuid.UUID, now time.Time, e store.Event) (int, error) {
	if err := s.failure(); err != nil {
		return 0, err
	}
	return s.Store.EndSessionsLate(ctx, ids, now, e)
}

func (s *failing) UserSessions(ctx context.Context, p store.UserSessionPage) ([]store.Session, error) {
	if err := s.failure(); err != nil {
		return nil, err
	}
	return s.Store.UserSessions(ctx, p)
}

func (s *failing) EndUserSession(ctx context.Context, userID, id uuid.UUID, e store.Event) (bool, error) {
	if err := s.failure(); err != nil {
		return false, err
	}
	return s.Store.EndUserSession(ctx, userID, id, e)
}

func (s *failing) EndOtherSessions(ctx context.Context, userID, spared uuid.UUID, e store.Event) error {
	if err := s.failure(); err != nil {
		return err
	}
	return s.Store.EndOtherSessions(ctx, userID, spared, e)
}

func (s *failing) Sessions(ctx context.Context, p store.SessionPage) ([]store.Session, uuid.UUID, error) {
	if err := s.failure(); err != nil {
		return nil, uuid.Nil, err
	}
	return s.Store.Sessions(ctx, p)
}

func (s *failing) UserByID(ctx context.Context, id uuid.UUID) (store.User, error) {
	if err := s.failure(); err != nil {
		return store.User{}, err
	}
	return s.Store.UserByID(ctx, id)
}

func (s *failing) Ready(ctx context.Context) error {
	if err := s.failure(); err != nil {
		return err
	}
	return s.Store.Ready(ctx)
}

func startFailing(t *testing.T, change ...func(*setup)) (*fixture, *failing) {
	st := &failing{Store: openSQLite(t)}
	return start(t, append(change, func(s *setup) { s.store = st })...), st
}

func TestADatabaseThatIsAwaySignsNobodyOut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err    error
		status int
		code   authn.Code
	}{
		{fmt.Errorf("dial: %w", store.ErrUnavailable), http.StatusServiceUnavailable, authn.CodeUnavailable},
		{fmt.Errorf("rotate: %w", store.ErrReadOnly), http.StatusServiceUnavailable, authn.CodeUnavailable},
		{fmt.Errorf("rotate: %w", store.ErrFull), http.StatusServiceUnavailable, authn.CodeUnavailable},
		{fmt.Errorf("read: %w", store.ErrSchema), http.StatusServiceUnavailable, authn.CodeSchema},
		{errors.New("SELECT secret_column FROM secret_table"), http.StatusInternalServerError, authn.CodeInternal},
	} {
		for name, change := range map[string]func(*setup){"with limits": throttled, "without": func(*setup) {}} {
			t.Run(fmt.Sprint(tt.err, " ", name), func(t *testing.T) { databaseAway(t, change, tt.err, tt.status, tt.code) })
		}
	}
}

func databaseAway(t *testing.T, change func(*setup), cause error, status int, code authn.Code) {
	f, st := startFailing(t, change)
	b := f.signedIn("alice")
	st.fail(cause)
	for path, a := range map[string]answer{
		"/register": b.post("/register", account("bob", password)),
		"/login":    b.post("/login", account("alice", password)),
		"/refresh":  b.post("/refresh", ""),
		"/profile":  b.get("/profile"),
	} {
		a.want(t, status, code)
		if len(setCookies(a)) != 0 {
			t.Errorf("%s: %d touched the cookies", path, a.status)
		}
		if strings.Contains(string(a.body), "secret") || strings.Contains(string(a.body), "dial") {
			t.Errorf("%s: the answer tells what is inside: %s", path, a.body)
		}
		if retry := a.header.Get("Retry-After"); (retry != "") != (a.status == http.StatusServiceUnavailable) {
			t.Errorf("%s: Retry-After is %q", path, retry)
		}
	}
	if got := len(f.logged("request failed")); got != 4 {
		t.Errorf("%d causes were logged, want 4", got)
	}
	if takesNone := errors.Is(cause, store.ErrReadOnly) || errors.Is(cause, store.ErrFull); takesNone != (f.svc.Cluster.Writes() != nil) {
		t.Errorf("that the database takes no writes: %v", f.svc.Cluster.Writes())
	}
	b.send(request{method: "GET", path: "/healthz"}).want(t, http.StatusOK)
	st.fail(nil)
	b.get("/profile").want(t, http.StatusOK)
	b.post("/refresh", "").want(t, http.StatusOK)
}

func TestReadinessSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	f, st := startFailing(t)
	ready := func() answer { return f.send(request{method: "GET", path: "/readyz"}) }
	ready().want(t, http.StatusOK)
	for says, err := range map[string]error{
		"unreachable":        fmt.Errorf("dial: %w", store.ErrUnavailable),
		"authctl migrate up": &store.SchemaError{Current: 1, Latest: 2},
		"at version 3 and this server knows 2, run the newer authctl": &store.SchemaError{Current: 3, Latest: 2},
	} {
		st.fail(err)
		if a := ready().want(t, http.StatusServiceUnavailable); !strings.Contains(string(a.body), says) {
			t.Errorf("got %s, want it to say %q", a, says)
		}
	}
	st.fail(nil)
	standby := fmt.Errorf("ask: %w", store.ErrReadOnly)
	st.noWrites.Store(&standby)
	if a := ready().want(t, http.StatusServiceUnavailable, authn.CodeUnavailable); !strings.Contains(string(a.body), "read-only or a standby") {
		t.Errorf("got %s, want it to say that the database is a standby", a)
	}
	st.noWrites.Store(nil)
	ready().want(t, http.StatusOK)
	cause := errors.New("the cause")
	f.ready.Store(&cause)
	if a := ready().want(t, http.StatusServiceUnavailable, authn.CodeUnavailable); strings.Contains(string(a.body), "the cause") || !strings.Contains(string(a.body), "its log says why") {
		t.Errorf("got %s", a)
	}
	f.ready.Store(nil)
	ready().want(t, http.StatusOK)
	f.srv.Drain()
	if a := ready().want(t, http.StatusServiceUnavailable, authn.CodeUnavailable); !strings.Contains(string(a.body), "shutting down") {
		t.Errorf("got %s, want it to say that the server is shutting down", a)
	}
	f.send(request{method: "GET", path: "/healthz"}).want(t, http.StatusOK)
}

func TestAPanicIsAnsweredAndTheProcessLives(t *testing.T) {
	t.Parallel()
	f := start(t)
	h := f.srv.Observe(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("index out of range") }))
	a := f.serve(h, httptest.NewRequest("GET", "/profile", nil)).want(t, http.StatusInternalServerError, authn.CodeInternal)
	if strings.Contains(string(a.body), "index") || a.header.Get("X-Frame-Options") != "DENY" {
		t.Errorf("got %s", a)
	}
	logged := f.logged("handler panicked")
	if len(logged) != 1 || logged[0]["panic"] != "index out of range" || !strings.Contains(logged[0]["stack"].(string), "failure_test.go") {
		t.Errorf("the log says %v", logged)
	}
	if ended := f.logged("request finished"); len(ended) != 1 || ended[0]["status"] != 500.0 {
		t.Errorf("the log ends with %v", ended)
	}

	// An answer that has begun can only be cut off.
	h = f.srv.Observe(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write([]byte("{"))
		panic("later")
	}))
	defer func() {
		if got := recover(); got != http.ErrAbortHandler {
			t.Errorf("recovered %v, want http.ErrAbortHandler", got)
		}
		if ended := f.logged("request finished"); len(ended) != 2 {
			t.Errorf("%d requests were logged to their end, want 2", len(ended))
		}
	}()
	f.serve(h, httptest.NewRequest("GET", "/profile", nil))
}

func TestAClientThatHungUpIsNoFailureOfTheServer(t *testing.T) {
	t.Parallel()
	f, st := startFailing(t)
	b := f.signedIn("alice")
	st.fail(context.Canceled)
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	r := httptest.NewRequestWithContext(ctx, "POST", "/refresh", nil)
	r.Header.Set("Cookie", "refresh_token="+b.token())
	f.serve(f.srv.Handler(), r)
	ended := f.logged("request finished")
	if got := ended[len(ended)-1]["status"]; got != 499.0 {
		t.Errorf("logged status %v, want 499", got)
	}
}

// TestARequestThatIsGivenUpLendsItsRowToNobody: clients hang up at random moments. No other
// client may receive the rows that they asked for (CVE-2025-47907).
func TestARequestThatIsGivenUpLendsItsRowToNobody(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start()
		var clients sync.WaitGroup
		var shown atomic.Int64
		for i := range 8 {
			name := fmt.Sprintf("user-%d", i)
			token := f.signedIn(name).cookies["access_token"]
			clients.Go(func() {
				for n := range 32 {
					ctx, hangUp := context.WithTimeout(t.Context(), time.Duration(n)*50*time.Microsecond)
					if n%4 == 0 {
						ctx = t.Context() // who stays
					}
					r := httptest.NewRequestWithContext(ctx, "GET", "/profile", nil)
					r.Header.Set("Cookie", "access_token="+token)
					a := f.serve(f.srv.Handler(), r)
					hangUp()
					if a.status != http.StatusOK {
						if n%4 == 0 {
							t.Errorf("who stayed got %s", a)
						}
						continue
					}
					shown.Add(1)
					if !strings.Contains(string(a.body), `"username":"`+name+`"`) {
						t.Errorf("%s is shown %s", name, a.body)
					}
				}
			})
		}
		clients.Wait()
		if shown.Load() < 8*8 {
			t.Errorf("%d profiles were shown, want those of all who stayed", shown.Load())
		}
	})
}

// slow is a store whose readiness check takes long.
type slow struct {
	store.Store
	asking, twice atomic.Int64
	release       chan struct{}
}

func (s *slow) Ready(ctx context.Context) error {
	if s.asking.Add(1) > 1 {
		s.twice.Add(1)
	}
	defer s.asking.Add(-1)
	select {
	case <-s.release:
		return s.Store.Ready(ctx)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestHealthChecksTakeOneConnectionToTheDatabaseHoweverManyTheyAre(t *testing.T) {
	t.Parallel()
	st := &slow{Store: openSQLite(t), release: make(chan struct{})}
	f := start(t, func(s *setup) { s.store = st })
	f.srv.SetReadyTimeout(time.Minute)
	hangsUp, cancel := context.WithCancel(t.Context())
	check := func(ctx context.Context) int {
		w := httptest.NewRecorder()
		f.srv.Handler().ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/readyz", nil))
		return w.Code
	}
	first := make(chan int)
	go func() { first <- check(hangsUp) }()
	for st.asking.Load() == 0 { // until it has asked
		runtime.Gosched()
	}
	statuses := make(chan int, 50)
	for range cap(statuses) {
		go func() { statuses <- check(t.Context()) }()
	}
	cancel() // whoever asked first takes nobody's answer away
	if got := <-first; got == http.StatusOK {
		t.Errorf("a health check that was given up got %d", got)
	}
	for len(f.logged("request started")) <= cap(statuses) { // until all of them are there
		runtime.Gosched()
	}
	close(st.release)
	for range cap(statuses) {
		if got := <-statuses; got != http.StatusOK {
			t.Errorf("a health check got %d", got)
		}
	}
	if got := st.twice.Load(); got > 0 {
		t.Errorf("the store was asked %d times while it was being asked", got)
	}
}
