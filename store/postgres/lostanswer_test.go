package postgres_test

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	neturl "net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// onSocket returns the URL of a database, and the folder of its server's socket.
func onSocket(t *testing.T) (u *neturl.URL, dir string) {
	t.Helper()
	u, err := neturl.Parse(storetest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	if dir = u.Query().Get("host"); dir == "" {
		t.Skip("the server for tests is no throwaway cluster")
	}
	return u, dir
}

// cutter is an address in front of a cluster. It can lose the end of an answer, or everything.
type cutter struct {
	net.Listener
	socket  string
	cuts    atomic.Int64 // answers to updates of several rows that it still cuts after CommandComplete
	down    atomic.Bool  // the next cut ends all connections, and it refuses new ones from then on
	refused atomic.Int64 // connections
	open    sync.Map     // connections
}

func newCutter(t *testing.T) (*cutter, string) {
	t.Helper()
	u, dir := onSocket(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	c := &cutter{Listener: l, socket: filepath.Join(dir, ".s.PGSQL.5432")}
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			go c.carry(from)
		}
	}()
	u.Host, u.RawQuery = l.Addr().String(), "sslmode=disable"
	return c, u.String()
}

// carry copies messages in both directions. What the client sends reaches the server even when the
// answer is cut.
func (c *cutter) carry(from net.Conn) {
	defer from.Close()
	to, err := net.Dial("unix", c.socket)
	if err != nil {
		return
	}
	defer to.Close()
	if c.down.Load() && c.cuts.Load() == 0 {
		c.refused.Add(1)
		return
	}
	c.open.Store(from, nil)
	go func() { io.Copy(to, from); to.Close() }()
	for header := make([]byte, 5); ; {
		if _, err := io.ReadFull(to, header); err != nil {
			return
		}
		body := make([]byte, binary.BigEndian.Uint32(header[1:])-4)
		if _, err := io.ReadFull(to, body); err != nil {
			return
		}
		from.Write(append(header, body...))
		if tag := string(body); header[0] == 'C' && len(tag) > len("UPDATE 1\x00") && tag[:7] == "UPDATE " && c.cuts.Add(-1) >= 0 {
			io.ReadFull(to, header) // ReadyForQuery: it is committed
			if c.down.Load() {
				c.open.Range(func(conn, _ any) bool {
					conn.(net.Conn).Close()
					return true
				})
			}
			return
		}
	}
}

// TestABatchWhoseAnswerIsLostAfterTheCommitIsAnswered cuts the connection between the message that
// the statement is complete and the one that it is committed. The rotations have no retry window, so
// that only the row can tell that they have been carried out.
func TestABatchWhoseAnswerIsLostAfterTheCommitIsAnswered(t *testing.T) {
	t.Parallel()
	front, url := newCutter(t)
	q := newQueued(t, postgres.Config{URL: url}, 40)
	front.cuts.Store(1)
	q.together()
	q.allRotated()
	if n := front.cuts.Load(); n != 0 {
		t.Errorf("%d answers are still to be cut", n)
	}
}

// TestNobodyIsAnsweredWronglyWhenTheDatabaseGoesDuringABatch loses the answer and refuses connections
// from then on. The callers of the batch must not connect one by one.
func TestNobodyIsAnsweredWronglyWhenTheDatabaseGoesDuringABatch(t *testing.T) {
	t.Parallel()
	front, url := newCutter(t)
	q := newQueued(t, postgres.Config{URL: url, MaxConnections: 9}, 40)
	front.down.Store(true)
	front.cuts.Store(1)
	q.together()
	lost := 0
	for i, err := range q.errs {
		switch {
		case err == nil && (q.results[i].Outcome != store.Rotated || q.results[i].Session.ID != q.ids[i]):
			t.Errorf("session %d: got %+v", i, q.results[i])
		case err == nil:
		case !errors.Is(err, store.ErrUnavailable) || errors.Is(err, store.ErrBusy):
			t.Errorf("session %d: got %v, want that it is unavailable", i, err)
		default:
			lost++
		}
	}
	if n := front.refused.Load(); n > 8 {
		t.Errorf("the callers of a batch have connected %d times", n)
	}
	t.Logf("%d rotations were lost, %d connections refused", lost, front.refused.Load())
}
