package cmd_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// The frames of HTTP/2 that are sent here (RFC 9113, section 6), and their flags.
const (
	frameHeaders      = 0x1
	frameReset        = 0x3
	frameSettings     = 0x4
	frameContinuation = 0x9
	endStream         = 0x1
	endHeaders        = 0x4
)

func frame(kind, flags byte, stream uint32, payload string) string {
	head := make([]byte, 9)
	binary.BigEndian.PutUint32(head, uint32(len(payload))<<8|uint32(kind))
	head[4] = flags
	binary.BigEndian.PutUint32(head[5:], stream)
	return string(head) + payload
}

// asks is the header block of GET / over HTTPS at x (RFC 7541, appendix A).
const asks = "\x82\x84\x87\x41\x01x"

// TestHostileHTTP2 does what TestHostileConnections does, over TLS: streams that are reset as
// soon as they are opened, headers that never end, and a thousand concurrent logins. Resets
// are allowed as long as the server keeps up. Endless headers are not.
func TestHostileHTTP2(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certPEM, keyPEM, pool := issue(t)
	put(t, filepath.Join(dir, "cert"), certPEM)
	put(t, filepath.Join(dir, "key"), keyPEM)
	p := startServe(t, dir, "AUTHCTL_SERVER_TLS_CERT_FILE=cert", "AUTHCTL_SERVER_TLS_KEY_FILE=key", "AUTHCTL_LOG_LEVEL=error",
		"AUTHCTL_HASHING_MEMORY_BUDGET=16MiB", "AUTHCTL_HASHING_MAX_WAIT=200ms")
	address := strings.TrimPrefix(p.url, "https://")
	client := visitor(t, pool)
	client.Timeout = time.Minute
	call(t, client, "GET", p.url+"/healthz", "", nil, http.StatusOK)
	base := p.memory(t, "VmRSS")

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			flood(ctx, t, address, pool, "", 20_000, func(i uint32) string {
				return frame(frameHeaders, endHeaders|endStream, 2*i+1, asks) + frame(frameReset, 0, 2*i+1, "\x00\x00\x00\x08")
			})
		})
		all.Go(func() {
			endless := strings.Repeat("\x00\x01a\x01b", 3000) // a header and its value, new each time
			sent, ended := flood(ctx, t, address, pool, frame(frameHeaders, 0, 1, asks), 1000, func(uint32) string {
				return frame(frameContinuation, 0, 1, endless)
			})
			if !ended {
				t.Errorf("after %d frames of headers the server still takes more", sent)
			}
		})
	}
	all.Go(func() { loginsAtOnce(t, p.url, pool, 1000) })
	gone := make(chan struct{})
	go func() { all.Wait(); close(gone) }()
	asked, again := (&honest{kept: client, fresh: client, url: p.url + "/healthz"}).askUntil(t, gone)
	peak := p.memory(t, "VmHWM")
	t.Logf("%d honest requests, %d of them tried again; memory %d KiB before, %d at most", asked, again, base, peak)
	if most := base + 128<<10; peak > most && !raceDetector() {
		t.Errorf("the process took %d KiB, want at most %d", peak, most)
	}
}

// flood sends up to so many frames. It returns how many the server accepted, and whether the
// server has ended the connection.
func flood(ctx context.Context, t *testing.T, address string, pool *x509.CertPool, first string, most uint32, next func(i uint32) string) (sent uint32, ended bool) {
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: 30 * time.Second}, Config: &tls.Config{RootCAs: pool, NextProtos: []string{"h2"}}}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	for tries := 1; err != nil && tries < 10; tries++ { // a busy machine is too slow for the handshake
		conn, err = dialer.DialContext(ctx, "tcp", address)
	}
	if err != nil {
		t.Error(err)
		return 0, false
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Minute))
	go io.Copy(io.Discard, conn)
	_, err = io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"+frame(frameSettings, 0, 0, "")+first)
	for ; err == nil && sent < most; sent++ {
		_, err = io.WriteString(conn, next(sent))
	}
	ne, ok := errors.AsType[net.Error](err)
	return sent, err != nil && !(ok && ne.Timeout())
}

// loginsAtOnce opens as many concurrent streams on one connection as the server allows.
func loginsAtOnce(t *testing.T, url string, pool *x509.CertPool, n int) {
	client := visitor(t, pool)
	client.Timeout = 2 * time.Minute
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			status := post(t, client, url+"/login", `{"username":"nobody","password":"a password for scripts"}`)
			if allowed := []int{http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusServiceUnavailable}; !slices.Contains(allowed, status) {
				t.Errorf("a login: got %d, want one of %v", status, allowed)
			}
		})
	}
	all.Wait()
}
