package server_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/authctl/authctl/server"
	"github.com/authctl/authctl/store"
)

// waiting is a store whose readiness check blocks.
type waiting struct {
	store.Store
	asked, release chan struct{}
}

func (s *waiting) Ready(ctx context.Context) error {
	close(s.asked)
	select {
	case <-s.release:
		return nil
	case <-ctx.Done():
		return store.ErrUnavailable
	}
}

// running starts a server, and tells it to stop while one request is pending.
func running(t *testing.T, patience time.Duration) (st *waiting, admin string, answered chan answer, ended chan error) {
	t.Helper()
	st = &waiting{Store: openSQLite(t), asked: make(chan struct{}), release: make(chan struct{})}
	f := start(t, func(s *setup) { s.store = st })
	srv, err := server.New(server.Config{ShutdownTimeout: patience}, f.svc, st, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	srv.SetReadyTimeout(time.Minute)
	public, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	private, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended = make(chan error, 1)
	go func() { ended <- srv.Run(ctx, public, private) }()
	answered = make(chan answer, 1)
	go func() {
		var a answer
		if resp, err := http.Get("http://" + public.Addr().String() + "/readyz"); err == nil {
			a.status = resp.StatusCode
			resp.Body.Close()
		}
		answered <- a
	}()
	<-st.asked
	stop()
	for { // until it no longer accepts
		conn, err := net.Dial("tcp", public.Addr().String())
		if err != nil {
			break
		}
		conn.Close()
	}
	return st, private.Addr().String(), answered, ended
}

func TestAStopWaitsForTheRequestsUnderWay(t *testing.T) {
	t.Parallel()
	st, admin, answered, ended := running(t, time.Minute)
	resp, err := http.Get("http://" + admin + "/metrics")
	if err != nil {
		t.Fatalf("the admin listener is gone before the requests are: %v", err)
	}
	resp.Body.Close()
	close(st.release)
	if a := <-answered; a.status != http.StatusOK {
		t.Errorf("the request under way got %d, want 200", a.status)
	}
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	if conn, err := net.Dial("tcp", admin); err == nil {
		conn.Close()
		t.Error("the admin listener is still there")
	}
}

// TestAStopIsSaidBeforeTheListenerCloses: the delay is longer than the test, so only the end
// of the test cuts it short.
func TestAStopIsSaidBeforeTheListenerCloses(t *testing.T) {
	t.Parallel()
	f := start(t)
	srv, err := server.New(server.Config{DrainDelay: time.Hour, ShutdownTimeout: time.Minute}, f.svc, f.store, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	public, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(ctx, public, nil) }()
	ask := func(path string) (status int, closes bool) {
		t.Helper()
		resp, err := http.Get("http://" + public.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode, resp.Close
	}
	if status, closes := ask("/readyz"); status != http.StatusOK || closes {
		t.Fatalf("before the stop: got %d, and that the connection closes: %t", status, closes)
	}
	stop()
	f.eventually(func() bool { status, _ := ask("/readyz"); return status == http.StatusServiceUnavailable })
	for path, want := range map[string]int{"/healthz": http.StatusOK, "/openapi.json": http.StatusOK, "/profile": http.StatusUnauthorized, "/readyz": http.StatusServiceUnavailable} {
		if status, closes := ask(path); status != want || !closes {
			t.Errorf("%s: got %d, and that the connection closes: %t; want %d and true", path, status, closes, want)
		}
	}
	public.Close() // a listener that fails ends the delay
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "public") {
		t.Errorf("run returned %v, want it to name the public listener", err)
	}
}

func TestTheListenerClosesAfterTheDrainDelay(t *testing.T) {
	t.Parallel()
	f := start(t)
	srv, err := server.New(server.Config{DrainDelay: 50 * time.Millisecond, ShutdownTimeout: time.Minute}, f.svc, f.store, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	public, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := srv.Run(ctx, public, nil); err != nil {
		t.Errorf("run: %v", err)
	}
	if conn, err := net.Dial("tcp", public.Addr().String()); err == nil {
		conn.Close()
		t.Error("the listener is still there")
	}
}

func TestAStopCutsOffWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	st, _, answered, ended := running(t, 20*time.Millisecond)
	defer close(st.release)
	if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("run returned %v, want a deadline exceeded", err)
	}
	if a := <-answered; a.status != 0 {
		t.Errorf("the request got %d, want its connection cut", a.status)
	}
}

func TestAListenerThatFailsEndsTheRun(t *testing.T) {
	t.Parallel()
	f := start(t)
	public, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	admin, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	admin.Close()
	srv, err := server.New(server.Config{ShutdownTimeout: time.Second}, f.svc, f.store, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.Run(t.Context(), public, admin); err == nil || !strings.Contains(err.Error(), "admin") {
		t.Errorf("run returned %v, want it to name the admin listener", err)
	}
	if _, err := net.Dial("tcp", public.Addr().String()); err == nil {
		t.Error("the public listener is still open")
	}
}

// TestEachPhaseOfAConnectionEndsWhenTheDocumentsSay checks the timeouts. Many connections are
// tested with the binary.
func TestEachPhaseOfAConnectionEndsWhenTheDocumentsSay(t *testing.T) {
	t.Parallel()
	srv := start(t).srv.HTTPServer()
	document, err := os.ReadFile("../docs/limits.md")
	if err != nil {
		t.Fatal(err)
	}
	said := fmt.Sprintf("sends no request within %.0f s, no body within %.0f s, takes no answer within %.0f s, or is idle for %.0f s",
		srv.ReadHeaderTimeout.Seconds(), srv.ReadTimeout.Seconds(), srv.WriteTimeout.Seconds(), srv.IdleTimeout.Seconds())
	if text := strings.Join(strings.Fields(string(document)), " "); !strings.Contains(text, said) {
		t.Errorf("docs/limits.md does not say that a connection is closed that %s", said)
	}
}
