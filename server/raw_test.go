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

// dial opens a connection with a deadline. The end of the test closes it.
func (f *fixture) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", f.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Minute))
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

// tooLarge sends a request whose body the server does not read to its end. The client still
// sees the answer.
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

func slowHeaders(t *testing.T) {
	f := start(t, func(s *setup) { s.timeouts = [2]time.Duration{2 * time.Second, 10 * time.Second} })
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

// malformedRequests are refused by net/http itself, with its own messages.
func malformedRequests(t *testing.T) {
	f := start(t)
	const login = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	headers := func(n int, line string) string { return strings.Repeat(line, n) }
	for name, tt := range map[string]struct {
		request string
		status  int
	}{
		"no host":                 {"GET /profile HTTP/1.1\r\n\r\n", 400},
		"two hosts":               {"GET /profile HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
		"odd host":                {"GET /profile HTTP/1.1\r\nHost: a/b@c\r\n\r\n", 400},
		"two lengths":             {login + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}", 400},
		"a list of lengths":       {login + "Content-Length: 1, 2\r\n\r\n{}", 400},
		"negative length":         {login + "Content-Length: -1\r\n\r\n", 400},
		"signed length":           {login + "Content-Length: +2\r\n\r\n{}", 400},
		"a length in hex":         {login + "Content-Length: 0x2\r\n\r\n{}", 400},
		"a length that overflows": {login + "Content-Length: 99999999999999999999\r\n\r\n{}", 400},
		"unknown encoding":        {login + "Transfer-Encoding: xchunked\r\n\r\n", 501},
		"two encodings":           {login + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501},
		"the encoding twice":      {login + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501},
		"escape in a value":       {"GET /profile HTTP/1.1\r\nHost: x\r\nX-A: \x1b[31m\r\n\r\n", 400},
		"NUL in a value":          {"GET /profile HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n", 400},
		"CR in a value":           {"GET /profile HTTP/1.1\r\nHost: x\r\nX-A: a\rb\r\n\r\n", 400},
		"space in a name":         {"GET /profile HTTP/1.1\r\nHost: x\r\nX A: b\r\n\r\n", 400},
		"space before the colon":  {"GET /profile HTTP/1.1\r\nHost: x\r\nCookie : b\r\n\r\n", 400},
		"no name":                 {"GET /profile HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n", 400},
		"control in the path":     {"GET /pro\x01file HTTP/1.1\r\nHost: x\r\n\r\n", 400},
		"a bad escape":            {"GET /profile%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400},
		"a long line":             {"GET /" + strings.Repeat("a", 24<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", 431},
		"long headers":            {"GET /profile HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", 24<<10) + "\r\n\r\n", 431},
		"3,001 cookies":           {"GET /profile HTTP/1.1\r\nHost: x\r\nCookie: " + strings.Repeat("a=bcde;", 3001) + "\r\n\r\n", 431},
		"10,000 headers":          {"GET /profile HTTP/1.1\r\nHost: x\r\n" + headers(10_000, "X-A: b\r\n") + "\r\n", 431},
		"no version":              {"GET /profile\r\n\r\n", 400},
		"a version of nothing":    {"GET /profile HTTP/3.7\r\nHost: x\r\n\r\n", 505},
		"no line at all":          {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
		"HTTP/2 preface":          {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0},
	} {
		t.Run(name, func(t *testing.T) {
			a := f.cutShort(t, tt.request)
			switch {
			case tt.status == 0 && a.status < 400:
				t.Errorf("got %s, want a refusal", a)
			case tt.status != 0 && a.status != tt.status:
				t.Errorf("got %s, want %d", a, tt.status)
			}
		})
	}
	for _, line := range f.logged("request started") {
		if line["method"] != "PRI" {
			t.Errorf("a handler ran: %v", line)
		}
	}
}

// framings are requests whose end two servers could read differently. If a request has chunks
// and a length, the chunks count. After any other ambiguity the connection ends.
func framings(t *testing.T) {
	f := start(t)
	const login = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
	const following = "GET /following HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, tt := range map[string]struct {
		request string
		answers []int // to it, and to the request that follows it on the connection
	}{
		"a length beside chunks":      {login + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", []int{400, 404}},
		"chunks beside a length":      {login + "Transfer-Encoding: chunked\r\nContent-Length: 200\r\n\r\n2\r\n{}\r\n0\r\n\r\n", []int{400, 404}},
		"chunks that end in LF alone": {login + "Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n", []int{400}},
		"a chunk of LF in its length": {login + "Transfer-Encoding: chunked\r\n\r\n2;\n{}\r\n0\r\n\r\n", []int{400}},
		"a chunk longer than said":    {login + "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n", []int{400}},
		"a chunk of negative length":  {login + "Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n", []int{400}},
		"a chunk of 2^64":             {login + "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n{}\r\n0\r\n\r\n", []int{400}},
		"a body where none is said":   {"GET /profile HTTP/1.1\r\nHost: x\r\n\r\n", []int{401, 404}},
	} {
		t.Run(name, func(t *testing.T) {
			conn := f.dial(t)
			if _, err := io.WriteString(conn, tt.request+following); err != nil {
				t.Fatal(err)
			}
			r := bufio.NewReader(conn)
			for _, status := range tt.answers {
				if a := readAnswer(t, r, "GET"); a.status != status {
					t.Errorf("got %s, want %d", a, status)
				}
			}
			if len(tt.answers) == 2 {
				return
			}
			// The server lets go of the connection, and answers nothing more.
			if rest, err := io.ReadAll(r); len(rest) > 0 || err != nil && !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("then came %q, %v", rest, err)
			}
		})
	}
	f.untouched(t)
}

func olderHTTP(t *testing.T) {
	f := start(t)
	f.raw(t, "GET /healthz HTTP/1.0\r\n\r\n").want(t, http.StatusOK)
	f.raw(t, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Folded: one\r\n two\r\nConnection: close\r\n\r\n").want(t, http.StatusOK)
	a := f.raw(t, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
	if a.want(t, http.StatusOK); a.header.Get("Upgrade") != "" {
		t.Errorf("it changes the protocol: %s", a)
	}
}

func pipelinedRequests(t *testing.T) {
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
