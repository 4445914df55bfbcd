package cmd_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// crowd is a number of connections to a server, and their behaviour.
type crowd struct {
	name string
	size int
	ends time.Duration // when the server must have let go of all of them; 0 when the test ends first
	each func(*crowd, net.Conn) error
	held atomic.Int64 // the longest that one was held, in nanoseconds
}

// crowds lists every kind, which run concurrently. With AUTHCTL_TEST_SOAK they are larger, and
// stay until the last timeout has passed.
func crowds() []*crowd {
	all := []*crowd{
		{name: "half-open headers", size: 300, ends: 5 * time.Second, each: (*crowd).halfOpen},
		{name: "headers that trickle", size: 100, ends: 5 * time.Second, each: (*crowd).trickleHeaders},
		{name: "bodies that stop", size: 100, ends: 10 * time.Second, each: (*crowd).stopInTheBody},
		{name: "bodies that trickle", size: 100, ends: 10 * time.Second, each: (*crowd).trickleBody},
		{name: "chunks that trickle", size: 50, ends: 10 * time.Second, each: (*crowd).trickleChunks},
		{name: "100 MB", size: 8, ends: 10 * time.Second, each: (*crowd).send100MB},
		{name: "100 MB in chunks", size: 8, ends: 10 * time.Second, each: (*crowd).sendChunks},
		{name: "a thousand requests at once", size: 8, ends: 60 * time.Second, each: (*crowd).pipeline},
		{name: "readers that do not read", size: 50, each: (*crowd).neverRead},
		{name: "idle connections", size: 1000, each: (*crowd).idle},
	}
	for _, c := range all {
		if raceDetector() { // which looks for races, and makes everything slow
			c.size = (c.size + 3) / 4
		}
	}
	if soaking() {
		for _, c := range all {
			c.size *= 4
			switch c.name {
			case "readers that do not read":
				// Twice the timeout of an answer: if the system was short of memory for connections, it may
				// accept the rest of an answer late, and then the next answer begins.
				c.ends = 60 * time.Second
			case "idle connections":
				c.ends = 60 * time.Second
			}
		}
	}
	return all
}

func soaking() bool { return os.Getenv("AUTHCTL_TEST_SOAK") != "" }

// TestHostileConnections opens crowds of connections to one server that misbehave in every
// way, and one client that behaves well. The crowds must be gone when their time is up. They
// must not cost more memory than the limit of connections allows, and must not delay the
// client.
func TestHostileConnections(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("only Linux tells what a process holds")
	}
	p := startServe(t, t.TempDir(), "AUTHCTL_LOG_LEVEL=error")
	address := strings.TrimPrefix(p.url, "http://")
	honest := newHonest(t, p)
	if _, err := honest.ask(); err != nil { // a first time, so that memory and sockets are measured with it
		t.Fatal(err)
	}
	base, sockets := p.memory(t, "VmRSS"), p.sockets(t)

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all, bounded sync.WaitGroup
	connections := 0
	everyone := crowds()
	for _, c := range everyone {
		connections += c.size
		for range c.size {
			wait := &all
			if c.ends != 0 {
				wait = &bounded
			}
			wait.Go(func() { c.hold(ctx, t, address) })
		}
	}
	gone := make(chan struct{})
	go func() { bounded.Wait(); close(gone) }()
	asked, slow := honest.askUntil(t, gone)
	peak := p.memory(t, "VmHWM")
	stop()
	all.Wait()
	eventually(t, func() bool { return p.sockets(t) <= sockets+2 })
	if _, err := honest.ask(); err != nil {
		t.Errorf("afterwards: %v", err)
	}

	for _, c := range everyone {
		held := time.Duration(c.held.Load())
		t.Logf("%d × %s: held for %s at most, %s are allowed", c.size, c.name, held.Round(time.Millisecond), c.ends)
		if c.ends != 0 && held > c.ends+patience() {
			t.Errorf("%s were held for %s, want %s at most", c.name, held, c.ends)
		}
	}
	t.Logf("%d connections; %d honest requests, %d of them tried again; memory %d KiB before, %d at most", connections, asked, slow, base, peak)
	if most := base + 64<<10 + 48*connections; peak > most && !raceDetector() {
		t.Errorf("the process took %d KiB, want at most %d", peak, most)
	}
}

// patience is what a busy machine may add to a duration.
func patience() time.Duration {
	if raceDetector() {
		return 60 * time.Second
	}
	return 20 * time.Second
}

// errUnheard is the end of a connection before its first answer. The server closes a
// connection if a busy machine does not send the header within five seconds.
var errUnheard = errors.New("there was no answer")

// hold runs the behaviour of one connection until the server closes it.
func (c *crowd) hold(ctx context.Context, t *testing.T, address string) {
	err := c.holdOne(ctx, address)
	for tries := 1; errors.Is(err, errUnheard) && tries < 10; tries++ {
		err = c.holdOne(ctx, address)
	}
	if err != nil && ctx.Err() == nil {
		t.Errorf("%s: %v", c.name, err)
	}
}

func (c *crowd) holdOne(ctx context.Context, address string) error {
	conn, err := (&net.Dialer{Timeout: 30 * time.Second}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	began := time.Now()
	err = c.each(c, conn)
	for held := int64(time.Since(began)); ; {
		longest := c.held.Load()
		if held <= longest || c.held.CompareAndSwap(longest, held) {
			return err
		}
	}
}

const slowLogin = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

// untilGone reads until the server has closed the connection.
func untilGone(conn net.Conn) error {
	io.Copy(io.Discard, conn) // a reset is an end as well
	return nil
}

// trickle writes a little at a time until the server has closed the connection.
func trickle(conn net.Conn, head, drop string) error {
	ended := make(chan struct{})
	go func() { untilGone(conn); close(ended) }()
	io.WriteString(conn, head)
	ticks := time.NewTicker(500 * time.Millisecond)
	defer ticks.Stop()
	for {
		select {
		case <-ended:
			return nil
		case <-ticks.C:
			io.WriteString(conn, drop)
		}
	}
}

func (*crowd) halfOpen(conn net.Conn) error {
	io.WriteString(conn, "GET /profile HTTP/1.1\r\nHost: x\r\nX-Slow: ")
	return untilGone(conn)
}

func (*crowd) trickleHeaders(conn net.Conn) error {
	return trickle(conn, "GET /profile HTTP/1.1\r\nHost: x\r\n", "X: y\r\n")
}

func (*crowd) stopInTheBody(conn net.Conn) error {
	io.WriteString(conn, slowLogin+"Content-Length: 8000\r\n\r\n{")
	return untilGone(conn)
}

func (*crowd) trickleBody(conn net.Conn) error {
	return trickle(conn, slowLogin+"Content-Length: 8000\r\n\r\n{", " ")
}

func (*crowd) trickleChunks(conn net.Conn) error {
	return trickle(conn, slowLogin+"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", "1\r\n \r\n")
}

func (*crowd) idle(conn net.Conn) error {
	io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
	return untilGone(conn)
}

// neverRead requests more than the buffers of the system hold, and reads none of it.
func (*crowd) neverRead(conn net.Conn) error {
	_, err := io.WriteString(conn, strings.Repeat("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n", 2000))
	for ; err == nil; time.Sleep(500 * time.Millisecond) { // only writing tells that the server is gone
		_, err = io.WriteString(conn, " ")
	}
	return nil
}

func (*crowd) send100MB(conn net.Conn) error {
	return refusedEarly(conn, slowLogin+"Content-Length: 100000000\r\n\r\n{", strings.Repeat(" ", 64<<10))
}

func (*crowd) sendChunks(conn net.Conn) error {
	return refusedEarly(conn, slowLogin+"Transfer-Encoding: chunked\r\n\r\n", "10000\r\n"+strings.Repeat(" ", 64<<10)+"\r\n")
}

// refusedEarly sends 100 MB. The refusal must come after no more than the buffers of the
// system hold.
func refusedEarly(conn net.Conn, head, piece string) error {
	var sent atomic.Int64
	go func() {
		_, err := io.WriteString(conn, head)
		for err == nil && sent.Load() < 100_000_000 {
			var n int
			n, err = io.WriteString(conn, piece)
			sent.Add(int64(n))
		}
	}()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return fmt.Errorf("%w: %w", errUnheard, err)
	}
	if resp.StatusCode != http.StatusRequestEntityTooLarge || !resp.Close {
		return fmt.Errorf("got %s, and the connection closed: %t", resp.Status, resp.Close)
	}
	untilGone(conn)
	if n := sent.Load(); n > 50_000_000 {
		return fmt.Errorf("the server took %d bytes", n)
	}
	return nil
}

// pipeline sends a thousand requests before it reads an answer. The answers must come in
// order.
func (c *crowd) pipeline(conn net.Conn) error {
	const requests = 1000
	kinds := []struct {
		request string
		status  int
	}{
		{"GET /profile HTTP/1.1\r\nHost: x\r\nX-Request-Id: %d\r\n\r\n", http.StatusUnauthorized},
		{slowLogin + "X-Request-Id: %d\r\nContent-Length: 2\r\n\r\n{}", http.StatusBadRequest},
		{"FOO /login HTTP/1.1\r\nHost: x\r\nX-Request-Id: %d\r\n\r\n", http.StatusMethodNotAllowed},
		{"GET /nowhere HTTP/1.1\r\nHost: x\r\nX-Request-Id: %d\r\n\r\n", http.StatusNotFound},
	}
	var all strings.Builder
	for i := range requests {
		fmt.Fprintf(&all, kinds[i%len(kinds)].request, i)
	}
	go io.WriteString(conn, all.String())
	r := bufio.NewReader(conn)
	for i := range requests {
		resp, err := http.ReadResponse(r, nil)
		switch {
		case err != nil && i == 0:
			return fmt.Errorf("%w: %w", errUnheard, err)
		case err != nil:
			return fmt.Errorf("answer %d: %w", i, err)
		}
		io.Copy(io.Discard, resp.Body)
		if got := resp.Header.Get("X-Request-Id"); got != fmt.Sprint(i) || resp.StatusCode != kinds[i%len(kinds)].status {
			return fmt.Errorf("answer %d is number %s: %s", i, got, resp.Status)
		}
	}
	return nil
}

// sockets returns the number of sockets of the process.
func (p *process) sockets(t *testing.T) int {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", p.command.Process.Pid)
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		if target, err := os.Readlink(dir + "/" + f.Name()); err == nil && strings.HasPrefix(target, "socket:") {
			n++
		}
	}
	return n
}
