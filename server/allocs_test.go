package server_test

import (
	"io"
	"net/http"
	"runtime/debug"
	"slices"
	"testing"

	"github.com/rs/zerolog"

	"github.com/authctl/authctl/server"
)

// verifyAllocs is how many allocations a good answer of /verify takes, all of them parts of it: the
// exchange, which holds the header values; the request id; the ids of user and session.
const verifyAllocs = 3

// TestVerifyAllocatesNothingBesideItsAnswer calls the handler without net/http, which has allocations of
// its own for each request.
func TestVerifyAllocatesNothingBesideItsAnswer(t *testing.T) { // not parallel: it counts allocations
	skipIfTheRaceDetectorAllocates(t)
	f := start(t)
	who := f.signedIn("alice")
	for _, lines := range []string{server.LogStartAndFinish, server.LogFinish, server.LogOff} {
		for name, set := range map[string]func(http.Header){
			"cookie": func(h http.Header) { h.Set("Cookie", "theme=dark; access_token="+who.cookies["access_token"]) },
			"header": func(h http.Header) { h.Set("Authorization", "Bearer "+who.cookies["access_token"]) },
		} {
			h := verifyHandler(t, f, lines)
			r, err := http.NewRequest("GET", "/verify", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.RemoteAddr = "192.0.2.1:1234"
			set(r.Header)
			w := &recycled{header: http.Header{}}
			got := testing.AllocsPerRun(1000, func() {
				clear(w.header)
				h.ServeHTTP(w, r)
			})
			if w.status != http.StatusOK {
				t.Fatalf("with the token in a %s: got %d", name, w.status)
			}
			if got > verifyAllocs {
				t.Errorf("log.requests %s, token in a %s: got %v allocations, want %d", lines, name, got, verifyAllocs)
			}
		}
	}
}

func skipIfTheRaceDetectorAllocates(t *testing.T) {
	t.Helper()
	if info, _ := debug.ReadBuildInfo(); info != nil && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
		t.Skip("the race detector allocates")
	}
}

// BenchmarkVerifyHandler shows what the lines of the log cost, without net/http and without writing them.
func BenchmarkVerifyHandler(b *testing.B) {
	for _, lines := range []string{server.LogStartAndFinish, server.LogFinish, server.LogOff} {
		b.Run(lines, func(b *testing.B) {
			f := start(b)
			who := f.signedIn("alice")
			h := verifyHandler(b, f, lines)
			r, err := http.NewRequest("GET", "/verify", nil)
			if err != nil {
				b.Fatal(err)
			}
			r.RemoteAddr = "192.0.2.1:1234"
			r.Header.Set("Cookie", "access_token="+who.cookies["access_token"])
			w := &recycled{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				h.ServeHTTP(w, r)
			}
		})
	}
}

func verifyHandler(t testing.TB, f *fixture, lines string) http.Handler {
	t.Helper()
	log := zerolog.New(io.Discard).With().Timestamp().Logger()
	srv, err := server.New(server.Config{LogRequests: lines}, f.svc, f.store, log)
	if err != nil {
		t.Fatal(err)
	}
	return srv.Handler()
}

// recycled is a ResponseWriter that is used again for each request.
type recycled struct {
	header http.Header
	status int
}

func (w *recycled) Header() http.Header         { return w.header }
func (w *recycled) Write(b []byte) (int, error) { return len(b), nil }
func (w *recycled) WriteHeader(status int)      { w.status = status }
