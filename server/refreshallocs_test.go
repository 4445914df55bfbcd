package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/authctl/authctl/server"
	"github.com/authctl/authctl/store"
)

// refreshAllocs is how many allocations a rotation may take, with the store and its driver. What it
// takes is a few less.
var refreshAllocs = map[string]float64{"sqlite": 170, "postgres": 80}

func TestARotationAllocatesNoMoreThanItDid(t *testing.T) { // not parallel: it counts allocations
	skipIfTheRaceDetectorAllocates(t)
	for _, backend := range backends {
		t.Run(backend.name, func(t *testing.T) {
			got, want := testing.AllocsPerRun(50, rotations(t, backend.open(t))), refreshAllocs[backend.name]
			if got > want {
				t.Errorf("got %v allocations, want at most %v", got, want)
			}
		})
	}
}

// BenchmarkRefreshHandler shows what a refresh costs without net/http and without writing the log.
func BenchmarkRefreshHandler(b *testing.B) {
	for _, backend := range backends {
		b.Run(backend.name, func(b *testing.B) {
			refresh := rotations(b, backend.open(b))
			b.ReportAllocs()
			for b.Loop() {
				refresh()
			}
		})
	}
}

// rotations signs in and returns a function that rotates the session, by the handler alone.
func rotations(t testing.TB, st store.Store) (refresh func()) {
	t.Helper()
	f := start(t, func(s *setup) { s.store = st })
	h := verifyHandler(t, f, server.LogStartAndFinish)
	r, err := http.NewRequest("POST", "/refresh", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.RemoteAddr = "192.0.2.1:1234"
	cookies, w := []string{"refresh_token=" + f.signedIn("alice").cookies["refresh_token"]}, &recycled{header: http.Header{}}
	r.Header["Cookie"] = cookies
	return func() {
		clear(w.header)
		h.ServeHTTP(w, r)
		if w.status != http.StatusOK {
			t.Fatalf("got %d, want 200", w.status)
		}
		for _, line := range w.header["Set-Cookie"] {
			if strings.HasPrefix(line, "refresh_token=") {
				cookies[0], _, _ = strings.Cut(line, ";")
			}
		}
	}
}
