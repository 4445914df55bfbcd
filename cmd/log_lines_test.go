package cmd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// loggedLine is a line of the log of serve.
type loggedLine struct {
	Message   string `json:"message"`
	RequestID string `json:"request_id"`
}

// loggedLines returns the lines of a log, each of which must be whole.
func loggedLines(t *testing.T, log string) (lines []loggedLine) {
	t.Helper()
	for text := range strings.Lines(log) {
		var line loggedLine
		if err := json.Unmarshal([]byte(text), &line); err != nil || !strings.HasSuffix(text, "\n") {
			t.Fatalf("the line %q is torn: %v", text, err)
		}
		lines = append(lines, line)
	}
	return lines
}

// asksVerify sends a request with an id to /verify, without a token.
func asksVerify(ctx context.Context, url, id string) error {
	req, err := http.NewRequestWithContext(ctx, "GET", url+"/verify", nil)
	if err != nil {
		return err
	}
	req.Header.Set("X-Request-Id", id)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		return fmt.Errorf("got %s", resp.Status)
	}
	return nil
}

func logsJSON(t *testing.T, environ ...string) *process {
	t.Helper()
	return startServe(t, t.TempDir(), append(environ, "AUTHCTL_LOG_LEVEL=info", "AUTHCTL_LOG_FORMAT=json")...)
}

func TestALineOfTheLogNeedsNoNextOne(t *testing.T) {
	t.Parallel()
	p := logsJSON(t)
	if err := asksVerify(t.Context(), p.url, "alone"); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return strings.Count(p.said(t), `"request_id":"alone"`) == 2 })
}

func TestSIGTERMLosesNoLineOfTheLog(t *testing.T) {
	t.Parallel()
	p := logsJSON(t)
	const requests = 300
	for i := range requests {
		if err := asksVerify(t.Context(), p.url, fmt.Sprintf("r%d", i)); err != nil {
			t.Fatal(err)
		}
	}
	p.command.Process.Signal(syscall.SIGTERM)
	<-p.ended
	lines := loggedLines(t, p.said(t))
	count := map[string]int{}
	for _, line := range lines {
		count[line.RequestID]++
	}
	for i := range requests {
		if n := count[fmt.Sprintf("r%d", i)]; n != 2 {
			t.Errorf("request %d has %d lines, want 2", i, n)
		}
	}
	if last := lines[len(lines)-1].Message; last != "stopped" || p.command.ProcessState.ExitCode() != 0 {
		t.Errorf("the last line is %q, and the exit code %d", last, p.command.ProcessState.ExitCode())
	}
}

// TestSIGKILLLosesTheLastLinesOnly kills a server while it answers. What the log has is whole and
// has no gap, and what was there before is still there.
func TestSIGKILLLosesTheLastLinesOnly(t *testing.T) {
	t.Parallel()
	for range 3 {
		p := logsJSON(t)
		if err := asksVerify(t.Context(), p.url, "early"); err != nil {
			t.Fatal(err)
		}
		eventually(t, func() bool { return strings.Count(p.said(t), "early") == 2 })
		answered := make(chan int)
		started := make(chan struct{})
		go func() {
			n := 0
			for asksVerify(t.Context(), p.url, fmt.Sprintf("r%d", n)) == nil {
				if n++; n == 500 {
					close(started)
				}
			}
			answered <- n
		}()
		<-started
		p.kill(t)
		n := <-answered
		lines := loggedLines(t, p.said(t))
		finished := 0
		early := 0
		for _, line := range lines {
			switch {
			case line.RequestID == "early":
				early++
			case line.Message == "request finished":
				if want := fmt.Sprintf("r%d", finished); line.RequestID != want {
					t.Fatalf("the log goes on with request %q, want %s", line.RequestID, want)
				}
				finished++
			}
		}
		if early != 2 {
			t.Errorf("%d lines are left of a request that was in the log, want 2", early)
		}
		t.Logf("of %d answered requests %d are in the log", n, finished)
	}
}

func TestAWarningIsWrittenBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	p := logsJSON(t)
	// The peer is no trusted proxy, so that this header is worth a warning.
	call(t, http.DefaultClient, "GET", p.url+"/verify", "", http.Header{"X-Forwarded-For": {"192.0.2.1"}, "X-Request-Id": {"warned"}}, http.StatusUnauthorized)
	p.kill(t)
	if said := p.said(t); !strings.Contains(said, `"level":"warn"`) {
		t.Errorf("the log lacks the warning: %s", said)
	}
}

func TestALogThatNobodyReadsDelaysRequestsAndNotTheEnd(t *testing.T) {
	t.Parallel()
	p, log := startPiped(t, "AUTHCTL_SERVER_SHUTDOWN_TIMEOUT=10s")
	blocked := func() (id string) {
		for i := range 10000 {
			id = fmt.Sprintf("r%d", i)
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			err := asksVerify(ctx, p.url, id)
			cancel()
			if err != nil {
				return id
			}
		}
		t.Fatal("no request waits for room in the log")
		return ""
	}
	last := blocked()
	log.resume()
	eventually(t, func() bool {
		return asksVerify(t.Context(), p.url, "after") == nil && strings.Contains(log.text(), "after")
	})
	if text := log.text(); strings.Contains(text, "lost") || !strings.Contains(text, `"request_id":"`+last+`"`) {
		t.Errorf("the log lacks the request that waited, or lost lines: %.2000s", text)
	}
	log.pause()
	blocked()
	p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		t.Fatal("a log that nobody reads keeps the server from ending")
	}
	if code := p.command.ProcessState.ExitCode(); code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

// TestALogThatNobodyReadsDoesNotKeepAStartFromBeingStopped fills the pipe behind the first line.
func TestALogThatNobodyReadsDoesNotKeepAStartFromBeingStopped(t *testing.T) {
	t.Parallel()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	defer in.Close()
	p := newProcess("authctl", t.TempDir(), "AUTHCTL_LOG_LEVEL=info", "AUTHCTL_LOG_FORMAT=json")
	p.command = p.prepare("serve")
	p.command.Stderr = in
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.command.Wait(); close(p.ended) }()
	t.Cleanup(func() { p.kill(t) })
	first := make([]byte, 4096)
	if n, err := out.Read(first); err != nil || !strings.Contains(string(first[:n]), "starting") {
		t.Fatalf("got %q, %v", first[:n], err)
	}
	fillPipe(t, in)
	p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
	// It was interrupted while it started, or it stopped after that.
	if code := p.command.ProcessState.ExitCode(); code != 130 && code != 0 {
		t.Errorf("it ended with %d", code)
	}
}

// TestALogThatCannotBeWrittenStopsNobody has a full disk behind standard error, and a closed pipe.
func TestALogThatCannotBeWrittenStopsNobody(t *testing.T) {
	t.Parallel()
	for name, stderr := range brokenOutputs(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port, admin := freePort(t), freePort(t)
			p := newProcess("authctl", t.TempDir(), "AUTHCTL_LOG_LEVEL=info", "AUTHCTL_LOG_FORMAT=json",
				"AUTHCTL_SERVER_PORT="+port, "AUTHCTL_SERVER_ADMIN_LISTEN=127.0.0.1:"+admin)
			p.url = "http://127.0.0.1:" + port
			p.command = p.prepare("serve")
			p.command.Stderr = stderr
			if err := p.command.Start(); err != nil {
				t.Fatal(err)
			}
			go func() { p.command.Wait(); close(p.ended) }()
			t.Cleanup(func() { p.kill(t) })
			eventually(t, func() bool { return asksVerify(t.Context(), p.url, "early") == nil })
			for i := range 100 {
				if err := asksVerify(t.Context(), p.url, fmt.Sprintf("r%d", i)); err != nil {
					t.Fatal(err)
				}
			}
			metric := []byte("\nauthctl_log_lines_lost_total ")
			eventually(t, func() bool {
				page := []byte(call(t, http.DefaultClient, "GET", "http://127.0.0.1:"+admin+"/metrics", "", nil, http.StatusOK))
				_, after, found := bytes.Cut(page, metric)
				return found && !bytes.HasPrefix(after, []byte("0\n"))
			})
			p.command.Process.Signal(syscall.SIGTERM)
			<-p.ended
			if code := p.command.ProcessState.ExitCode(); code != 0 {
				t.Errorf("it ended with %d", code)
			}
		})
	}
}
