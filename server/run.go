package server

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/authctl/authctl/store"
)

// timeouts bounds every phase of a connection (OWASP ASVS 5.0, 13.1.3).
type timeouts struct {
	readHeader time.Duration // from the start of a request to the end of its headers
	read       time.Duration // to the end of its body
	write      time.Duration // from the end of the headers to the end of the answer
	idle       time.Duration // between two requests
	request    time.Duration // for the work of one request
	ready      time.Duration // for the database to answer /readyz
}

var defaultTimeouts = timeouts{
	readHeader: 5 * time.Second,
	read:       10 * time.Second,
	write:      30 * time.Second,
	idle:       60 * time.Second,
	request:    10 * time.Second,
	ready:      2 * time.Second,
}

// maxHeaderBytes is the max size of a request line and headers; net/http allows about 4 KiB more.
const maxHeaderBytes = 16 << 10

// Run serves the public listener, and admin if it is not nil, until ctx is done. The admin listener
// never uses TLS. After ctx is done Run stops in these steps:
//
// 1. It reports not ready and serves on for the drain delay.
// 2. It stops accepting, and waits up to the shutdown timeout for running requests.
// 3. It closes the remaining connections, and the admin listener last, so that the shutdown can be observed.
//
// Run returns nil after a clean stop, an error that wraps [context.DeadlineExceeded] when requests
// were cut off, and immediately when a listener fails. Both listeners are closed when it returns.
func (s *Server) Run(ctx context.Context, public, admin net.Listener) error {
	failed := make(chan error, 2)
	publicServer := s.httpServer(s.handler)
	if s.tls != nil {
		speakTLS(publicServer, s.tls)
	}
	serve := func(srv *http.Server, l net.Listener, name string) {
		listen := srv.Serve
		if srv.TLSConfig != nil {
			listen = func(l net.Listener) error { return srv.ServeTLS(l, "", "") }
		}
		if err := listen(l); !errors.Is(err, http.ErrServerClosed) {
			failed <- fmt.Errorf("serve %s listener: %w", name, err)
			return
		}
		failed <- nil
	}
	running := 1
	go serve(publicServer, &connections{public, s}, "public")
	adminServer := s.httpServer(s.admin)
	adminServer.ReadTimeout = 0 // a profile may take longer
	if admin != nil {
		running++
		go serve(adminServer, admin, "admin")
	}

	err, over := s.serveOn(ctx, failed)
	if over {
		running--
	}
	s.draining.Store(true)
	err = errors.Join(err, s.drain(publicServer), adminServer.Close())
	for range running {
		err = errors.Join(err, <-failed)
	}
	return err
}

// serveOn waits until a listener fails, and returns its error, or until the drain delay is over. By
// then load balancers have seen that this server is not ready.
func (s *Server) serveOn(ctx context.Context, failed <-chan error) (err error, over bool) {
	select {
	case err = <-failed:
		return err, true
	case <-ctx.Done():
	}
	s.draining.Store(true)
	if s.drainDelay <= 0 || errors.Is(context.Cause(ctx), store.ErrReplaced) { // a replaced database cannot be served
		return nil, false
	}
	delay := time.NewTimer(s.drainDelay)
	defer delay.Stop()
	select {
	case err = <-failed:
		return err, true
	case <-delay.C:
		return nil, false
	}
}

// drain waits for running requests. When time is up it ends their contexts.
func (s *Server) drain(srv *http.Server) error {
	s.authn.EndHolding()
	ctx, cancel := context.WithTimeout(context.Background(), s.shutdown)
	defer cancel()
	err := srv.Shutdown(ctx)
	if err == nil {
		return nil
	}
	return errors.Join(fmt.Errorf("requests still under way after %s were cut off: %w", s.shutdown, err), srv.Close())
}

// The limits of one HTTP/2 connection. Each stream is a request like any other, and the
// budget of password hashing holds for all of them.
const (
	maxStreams     = 100
	maxStreamFrame = 16 << 10 // bytes, the min that the protocol allows
)

// speakTLS enables TLS on a server, and HTTP/2 over it.
func speakTLS(srv *http.Server, c *certificate) {
	srv.TLSConfig = c.config()
	srv.Protocols.SetHTTP2(true)
	srv.HTTP2 = &http.HTTP2Config{
		MaxConcurrentStreams:          maxStreams,
		MaxReadFrameSize:              maxStreamFrame,
		MaxReceiveBufferPerStream:     maxStreamFrame, // twice maxBody
		MaxReceiveBufferPerConnection: 8 * maxStreamFrame,
	}
}

// httpServer returns a server for HTTP/1 only. HTTP/2 without TLS would bypass the header timeout.
func (s *Server) httpServer(h http.Handler) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:                      h,
		Protocols:                    &protocols,
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            s.timeouts.readHeader,
		ReadTimeout:                  s.timeouts.read,
		WriteTimeout:                 s.timeouts.write,
		IdleTimeout:                  s.timeouts.idle,
		MaxHeaderBytes:               maxHeaderBytes,
		ErrorLog:                     log.New(errorLog{s.log}, "", 0),
	}
}

// errorLog writes the messages of net/http to the log, one bounded line each.
type errorLog struct{ log zerolog.Logger }

// Write logs one message.
func (l errorLog) Write(b []byte) (int, error) {
	l.log.Warn().Str("error", bounded(strings.TrimSpace(string(b)), maxLoggedError)).Msg("http server")
	return len(b), nil
}
