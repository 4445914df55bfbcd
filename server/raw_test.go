package server_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// dial opens a connection that the test's end closes and that never hangs.
func (f *fixture) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

// raw sends bytes as they are and reads one answer.
func (f *fixture) raw(t *testing.T, request string) answer {
	t.Helper()
	conn := f.dial(t)
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	return readAnswer(t, bufio.NewReader(conn), method)
}

func readAnswer(t *testing.T, r *bufio.Reader, method string) answer {
	t.Helper()
	if method == http.MethodConnect { // whose refusal has a body like any other
		method = http.MethodGet
	}
	resp, err := http.ReadResponse(r, &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.Close {
		resp.Header.Set("Connection", "close")
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: body}
}

// tooLarge sends a request whose body the server will not read to its end, over
// a connection on which a client sees the answer all the same.
func (f *fixture) tooLarge(r request) answer {
	t := f.t.(*testing.T)
	t.Helper()
	conn := f.dial(t)
	var buf bytes.Buffer
	req, _ := http.NewRequest(r.method, "http://x"+r.path, strings.NewReader(r.body))
	if r.chunked {
		req.ContentLength = -1
		req.TransferEncoding = []string{"chunked"}
	}
	req.Header.Set("Content-Type", "application/json")
	if err := req.Write(&buf); err != nil {
		t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := conn.Write(buf.Bytes())
		sent <- err
	}()
	a := readAnswer(t, bufio.NewReader(conn), r.method)
	conn.Close()
	if err := <-sent; err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("write: %v", err)
	}
	return a
}

// cutShort sends bytes that the server need not read to their end, and reads one answer.
func (f *fixture) cutShort(t *testing.T, request string) answer {
	t.Helper()
	conn := f.dial(t)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		io.WriteString(conn, request) // fails once the server has had enough
	}()
	method, _, _ := strings.Cut(request, " ")
	a := readAnswer(t, bufio.NewReader(conn), method)
	conn.Close()
	<-sent
	return a
}

func TestSlowHeadersAreCutOff(t *testing.T) {
	t.Parallel()
	f := start(t, func(s *setup) { s.timeouts = [2]time.Duration{300 * time.Millisecond, 600 * time.Millisecond} })
	slow := f.dial(t)
	if _, err := io.WriteString(slow, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "); err != nil {
		t.Fatal(err)
	}
	f.send(request{method: "GET", path: "/healthz"}).want(t, http.StatusOK)
	if b, err := io.ReadAll(slow); err != nil || len(b) > 0 && !bytes.HasPrefix(b, []byte("HTTP/1.1 4")) {
		t.Errorf("the slow connection got %q, %v, want it closed", b, err)
	}
	if got := len(f.logged("request started")); got != 1 {
		t.Errorf("%d requests reached a handler, want 1", got)
	}
}

func TestMalformedRequestsReachNoHandler(t *testing.T) {
	t.Parallel()
	f := start(t)
	for name, tt := range map[string]struct {
		request string
		status  int
	}{
		"no host":           {"GET /profile HTTP/1.1\r\n\r\n", 400},
		"two hosts":         {"GET /profile HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		"odd host":          {"GET /profile HTTP/1.1\r\nHost: a/b@c\r\n\r\n", 400},
		"two lengths":       {"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400},
		"negative length":   {"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400},
		"signed length":     {"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\n{}", 400},
		"unknown encoding":  {"POST /login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n", 501},
		"escape in a value": {"GET /profile HTTP/1.1\r\nHost: x\r\nX-A: \x1b[31m\r\n\r\n", 400},
		"NUL in a value":    {"GET /profile HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n", 400},
		"space in a name":   {"GET /profile HTTP/1.1\r\nHost: x\r\nX A: b\r\n\r\n", 400},
		"long headers":      {"GET /profile HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 24<<10) + "\r\n\r\n", 431},
		"HTTP/2 preface":    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0},
	} {
		conn := f.dial(t)
		if _, err := io.WriteString(conn, tt.request); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		switch {
		case tt.status == 0 && err == nil && resp.StatusCode < 400:
			t.Errorf("%s: got %d, want a refusal", name, resp.StatusCode)
		case tt.status != 0 && err != nil:
			t.Errorf("%s: %v", name, err)
		case tt.status != 0 && resp.StatusCode != tt.status:
			t.Errorf("%s: got %d, want %d", name, resp.StatusCode, tt.status)
		}
	}
	for _, line := range f.logged("request started") {
		if line["method"] != "PRI" {
			t.Errorf("a handler ran: %v", line)
		}
	}
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	t.Parallel()
	f := start(t)
	conn := f.dial(t)
	if _, err := io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Request-Id: one\r\n\r\nFOO /profile HTTP/1.1\r\nHost: x\r\nX-Request-Id: two\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	if a := readAnswer(t, r, "GET"); a.status != http.StatusOK || a.header.Get("X-Request-Id") != "one" {
		t.Errorf("the first answer is %s", a)
	}
	if a := readAnswer(t, r, "FOO"); a.status != http.StatusMethodNotAllowed || a.header.Get("X-Request-Id") != "two" {
		t.Errorf("the second answer is %s", a)
	}
}
