package postgres_test

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/authctl/authctl/store/postgres"
)

// front is an address in front of a cluster. The machine behind it may vanish: existing
// connections stop transmitting, and new ones lead to the new machine.
type front struct {
	net.Listener
	socket   string
	age      atomic.Int64 // how often it has vanished
	silent   atomic.Int64 // connections of before that were asked something
	carrying sync.WaitGroup
}

func newFront(t *testing.T, socket string) *front {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &front{Listener: l, socket: socket}
	f.carrying.Go(func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			f.carrying.Go(func() { f.carry(from) })
		}
	})
	t.Cleanup(func() { l.Close(); f.carrying.Wait() })
	return f
}

func (f *front) carry(from net.Conn) {
	defer from.Close()
	to, err := net.Dial("unix", f.socket)
	if err != nil {
		return
	}
	defer to.Close()
	go func() { io.Copy(from, to); from.Close() }()
	age, asked := f.age.Load(), false
	for b := make([]byte, 4096); ; {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		switch {
		case f.age.Load() == age:
			to.Write(b[:n])
		case b[0] == 'X': // Terminate: it is given up, and nobody need wait for an answer
			return
		case !asked:
			asked = true
			f.silent.Add(1)
		}
	}
}

// TestOneSilentConnectionTellsOfAll: the machine of the database vanishes, and another takes
// its place. The store must not wait for each connection of the pool.
func TestOneSilentConnectionTellsOfAll(t *testing.T) {
	t.Parallel()
	u, dir := onSocket(t)
	f := newFront(t, filepath.Join(dir, ".s.PGSQL.5432"))
	u.Host, u.RawQuery = f.Addr().String(), "sslmode=disable"
	s := open(t, postgres.Config{URL: u.String(), MaxConnections: 5, MinConnections: 5})
	for s.Stats().Open < 5 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(1100 * time.Millisecond) // one that was used lately is used without a ping
	f.age.Add(1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 10 {
		if err := s.Ready(ctx); err != nil {
			t.Errorf("after it has vanished: %v", err)
		}
	}
	if n := f.silent.Load(); n != 1 {
		t.Errorf("%d silent connections were asked, want 1", n)
	}
}
