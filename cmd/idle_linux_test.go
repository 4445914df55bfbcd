package cmd_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// idleConnections is the default of server.max_connections. They need as many open files, in the
// server and in the test.
const idleConnections = 10_000

// TestTenThousandIdleConnectionsTakeNothingFromOthers opens connections that send one request each and
// stay. Other clients are answered meanwhile, and the connections are still good for another request. It
// is not parallel, because other tests need open files too.
func TestTenThousandIdleConnectionsTakeNothingFromOthers(t *testing.T) {
	if !soaking() {
		t.Skip("AUTHCTL_TEST_SOAK is not set")
	}
	const files = idleConnections + 500
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Max < files {
		t.Skipf("a process may open %d files here (ulimit -Hn), and the test needs %d: %v", limit.Max, files, err)
	}
	p := startServe(t, t.TempDir(), fmt.Sprintf("AUTHCTL_SERVER_MAX_CONNECTIONS=%d", idleConnections+100))
	honest := newHonest(t, p)
	if _, err := honest.ask(); err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(p.url, "http://")
	open := func(count int) []net.Conn {
		conns := make([]net.Conn, count)
		everyone(t, conns, func(i int) (err error) {
			if conns[i], err = net.Dial("tcp", address); err == nil {
				err = askOn(conns[i])
			}
			return err
		})
		return conns
	}
	defer closeAll(open(100)) // what many connections at once take is there before memory is measured
	before, connectionsBefore := p.memory(t, "VmRSS"), p.metric(t, "authctl_connections_open")
	began := time.Now()
	conns := open(idleConnections - 100)
	defer closeAll(conns)
	if took := time.Since(began); took > 50*time.Second {
		t.Skipf("this machine takes %s to open them, and the server closes a connection that is idle for a minute", took)
	}
	if got := p.metric(t, "authctl_connections_open") - connectionsBefore; got < float64(len(conns)) {
		t.Fatalf("%v of %d connections are open", got, len(conns))
	}
	grown := p.memory(t, "VmRSS") - before
	t.Logf("%d idle connections: %d KiB, %.1f KiB each", len(conns), grown, float64(grown)/float64(len(conns)))
	if grown > 48*len(conns) && !raceDetector() {
		t.Errorf("the process took %d KiB for %d idle connections, want at most 48 each", grown, len(conns))
	}
	for range 100 {
		if _, err := honest.ask(); err != nil {
			t.Fatalf("another client: %v", err)
		}
	}
	everyone(t, conns[:100], func(i int) error { return askOn(conns[len(conns)-1-i]) })
}

// everyone calls do for each connection, 64 at a time.
func everyone(t *testing.T, conns []net.Conn, do func(i int) error) {
	t.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(conns); i = int(next.Add(1)) - 1 {
				if err := do(i); err != nil {
					t.Errorf("connection %d: %v", i, err)
					return
				}
			}
		})
	}
	all.Wait()
	if t.Failed() {
		t.FailNow()
	}
}

// askOn sends a request on a connection, and reads the answer.
func askOn(conn net.Conn) error {
	if _, err := io.WriteString(conn, "GET /verify HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		return err
	}
	resp, err := http.ReadResponse(bufio.NewReaderSize(conn, 1<<10), nil)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusUnauthorized || resp.Close {
		return fmt.Errorf("got %s, and the connection closed: %t", resp.Status, resp.Close)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

func closeAll(conns []net.Conn) {
	for _, conn := range conns {
		if conn != nil {
			conn.Close()
		}
	}
}
