package cmd_test

import (
	"bytes"
	"errors"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
)

// pipedLog reads the log of a server from a pipe, with pauses.
type pipedLog struct {
	gate   sync.Mutex // held while paused
	paused bool
	text   func() string
}

func (l *pipedLog) pause() {
	l.gate.Lock()
	l.paused = true
}

func (l *pipedLog) resume() {
	l.paused = false
	l.gate.Unlock()
}

func (l *pipedLog) awaitResume() {
	l.gate.Lock()
	defer l.gate.Unlock()
}

// startPiped runs serve with a pipe as standard error, which nobody reads any more once the server is
// ready.
func startPiped(t *testing.T, environ ...string) (*process, *pipedLog) {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := newProcess("authctl", t.TempDir(), append(environ, "AUTHCTL_LOG_LEVEL=info", "AUTHCTL_LOG_FORMAT=json")...)
	p.command = p.prepare("serve")
	p.command.Stderr = in
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	go func() { p.command.Wait(); close(p.ended) }()

	var read bytes.Buffer
	var reading sync.Mutex
	log := &pipedLog{text: func() string {
		reading.Lock()
		defer reading.Unlock()
		return read.String()
	}}
	ready := make(chan string)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		found := false
		for buf := make([]byte, 32<<10); ; {
			log.awaitResume()
			n, err := out.Read(buf)
			reading.Lock()
			read.Write(buf[:n])
			m := listeningOn.FindSubmatch(read.Bytes())
			reading.Unlock()
			if m != nil && !found {
				found = true
				log.pause()
				ready <- string(m[1])
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		p.kill(t)
		if log.paused {
			log.resume()
		}
		<-gone
		out.Close()
	})
	select {
	case p.url = <-ready:
	case <-p.ended:
		t.Fatalf("serve ended: %s", log.text())
	}
	return p, log
}

// fillPipe writes into a pipe until it takes no byte more.
func fillPipe(t *testing.T, in *os.File) {
	t.Helper()
	fd := int(in.Fd())
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	var err error
	for size := 1 << 10; size > 0; size /= 2 {
		for err = nil; err == nil; {
			_, err = syscall.Write(fd, make([]byte, size))
		}
	}
	if !errors.Is(err, syscall.EAGAIN) {
		t.Fatal(err)
	}
}

// brokenOutputs returns files that cannot be written.
func brokenOutputs(t *testing.T) map[string]*os.File {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out.Close()
	broken := map[string]*os.File{"closed pipe": in}
	if runtime.GOOS == "linux" {
		if broken["full disk"], err = os.OpenFile("/dev/full", os.O_WRONLY, 0); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, f := range broken {
			f.Close()
		}
	})
	return broken
}

// freePort returns a port that nobody listened on a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
