package cmd_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestAServerNoticesThatItsFileIsAnother replaces files of the SQLite database of a running
// server. Commands then write to the file at the path, so the server must not continue with
// the file that it has open: it ends. The next server finds everything that it has
// acknowledged.
func TestAServerNoticesThatItsFileIsAnother(t *testing.T) {
	soak(t)
	for name, fault := range map[string]func(t *testing.T, path string){
		"the file is replaced": func(t *testing.T, path string) { rename(t, path+".copy", path) },
		"the file is deleted":  func(t *testing.T, path string) { remove(t, path) },
		"the log is deleted":   func(t *testing.T, path string) { remove(t, path+"-wal") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, "authctl.db")
			environ := faultEnviron(t, "sqlite:"+path)
			p := startServe(t, dir, environ...)
			newGuest(p, "alice").join(t)
			p.terminate(t)
			if err := os.WriteFile(path+".copy", []byte(readFile(t, path)), 0o600); err != nil {
				t.Fatal(err)
			}
			p = startServe(t, dir, environ...)
			newGuest(p, "bob").join(t) // there is a log
			fault(t, path)
			acknowledged := registerUntilItEnds(t, p)
			if code := p.command.ProcessState.ExitCode(); code != 1 {
				t.Errorf("it ended with %d, want 1", code)
			}
			startServe(t, dir, environ...)
			for _, g := range acknowledged {
				g.signIn(t)
			}
		})
	}
}

// registerUntilItEnds registers one account after the other until the server ends, and returns
// those that were acknowledged. Only time limits it: a server that ends refuses thousands of
// connections in a moment.
func registerUntilItEnds(t testing.TB, p *process) (acknowledged []*guest) {
	t.Helper()
	tooLong := time.After(time.Minute)
	for i := 0; ; i++ {
		select {
		case <-p.ended:
			return acknowledged
		case <-tooLong:
			t.Fatalf("it goes on as if nothing had happened")
		default:
		}
		g := newGuest(p, fmt.Sprintf("late-%d", i))
		if got := g.ask("POST", "/register", g.account(guestPassword)); got.status == http.StatusCreated {
			acknowledged = append(acknowledged, g)
		}
	}
}

func rename(t testing.TB, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func remove(t testing.TB, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}
