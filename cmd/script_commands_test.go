package cmd_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

type worldKey struct{}

// world is the state that a script's commands share: one server, and browsers by name.
type world struct {
	t        testing.TB
	server   *exec.Cmd
	exited   chan error
	browsers map[string]*http.Client
	heard    int // of serve.log, by logged
}

// scriptCommands are the commands of scripts in addition to testscript's own.
func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	commands := map[string]func(*testscript.TestScript, *world, []string){
		"serve":      serve,
		"stopserver": stopServer,
		"hangup":     hangUp,
		"logged":     logged,
		"http":       request,
		"guess":      guess,
		"exits":      exits,
		"line":       line,
		"members":    members,
		"capture":    capture,
		"sql":        runSQL,
	}
	all := map[string]func(*testscript.TestScript, bool, []string){}
	for name, do := range commands {
		all[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			if neg {
				ts.Fatalf("%s cannot be negated", name)
			}
			do(ts, ts.Value(worldKey{}).(*world), args)
		}
	}
	return all
}

// serve [flag...] starts `authctl serve` on a free port, sets $URL when it listens, and writes
// its output to serve.log.
func serve(ts *testscript.TestScript, w *world, args []string) {
	logFile, err := os.OpenFile(ts.MkAbs("serve.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	listening := &listener{w: logFile, found: make(chan string, 1)}
	server := exec.Command("authctl", append([]string{"serve", "--port", "0"}, args...)...)
	server.Dir, server.Env, server.Stderr = ts.MkAbs("."), environ(ts), listening
	ts.Check(server.Start())
	exited := make(chan error, 1)
	go func() {
		exited <- server.Wait()
		close(exited)
		logFile.Close()
	}()
	ts.Defer(func() {
		server.Process.Kill() // unless it has ended
		<-exited
		if said, err := os.ReadFile(logFile.Name()); err == nil {
			keepsSecrets(w.t, string(said), server.Dir, server.Env)
		}
	})
	w.server, w.exited = server, exited
	select {
	case url := <-listening.found:
		ts.Setenv("URL", url)
	case err := <-w.exited:
		ts.Fatalf("serve ended: %v\n%s", err, ts.ReadFile("serve.log"))
	case <-time.After(2 * time.Minute):
		ts.Fatalf("serve does not listen\n%s", ts.ReadFile("serve.log"))
	}
}

// environ returns the script's variables, which only the programs that it runs can see. None
// of them has a line break.
func environ(ts *testscript.TestScript) []string {
	ts.Check(ts.Exec("env"))
	return strings.Split(strings.TrimSpace(ts.ReadFile("stdout")), "\n")
}

// listener waits for the line that says where the server listens.
type listener struct {
	w     io.Writer
	found chan string
	once  sync.Once
	seen  []byte
}

var listeningOn = regexp.MustCompile(`(?:listening on |"url":")(https?://[^\s"]+)["\n]`)

// Write implements io.Writer.
func (l *listener) Write(b []byte) (int, error) {
	n, err := l.w.Write(b) // first, for a script to find it in serve.log
	l.seen = append(l.seen, b...)
	if m := listeningOn.FindSubmatch(l.seen); m != nil {
		l.once.Do(func() { l.found <- string(m[1]) })
	}
	return n, err
}

// stopserver [KILL] ends the server with SIGTERM, after which it must exit with 0, or with
// SIGKILL. testscript's own stop would end the script.
func stopServer(ts *testscript.TestScript, w *world, args []string) {
	sig := syscall.SIGTERM
	if slices.Equal(args, []string{"KILL"}) {
		sig = syscall.SIGKILL
	}
	ts.Check(w.server.Process.Signal(sig))
	select {
	case err := <-w.exited:
		if (err == nil) != (sig == syscall.SIGTERM) {
			ts.Fatalf("serve, after %s: %v\n%s", sig, err, ts.ReadFile("serve.log"))
		}
	case <-time.After(2 * time.Minute):
		ts.Fatalf("serve does not end")
	}
}

// hangup sends the server SIGHUP.
func hangUp(ts *testscript.TestScript, w *world, _ []string) {
	ts.Check(w.server.Process.Signal(syscall.SIGHUP))
}

// logged REGEXP waits until the server's output matches, after the previous match.
func logged(ts *testscript.TestScript, w *world, args []string) {
	pattern, err := regexp.Compile(args[0])
	ts.Check(err)
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		said := ts.ReadFile("serve.log")
		if at := pattern.FindStringIndex(said[w.heard:]); at != nil {
			w.heard += at[1]
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("the server has not said %s:\n%s", args[0], said[w.heard:])
		}
	}
}

// http BROWSER STATUS METHOD PATH [BODY [HEADER]...] makes a request with the cookies of a
// browser, keeps those it is given, and leaves the body as standard output.
func request(ts *testscript.TestScript, w *world, args []string) {
	if len(args) < 4 {
		ts.Fatalf("usage: http BROWSER STATUS METHOD PATH [BODY [HEADER]...]")
	}
	body := ""
	if len(args) >= 5 {
		body = args[4]
	}
	req, err := http.NewRequest(args[2], ts.Getenv("URL")+args[3], strings.NewReader(body))
	ts.Check(err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for _, header := range args[min(5, len(args)):] {
		name, value, _ := strings.Cut(header, ": ")
		req.Header.Set(name, value)
	}
	resp, err := w.browser(args[0]).Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	ts.Check(err)
	fmt.Fprintf(ts.Stdout(), "%s", answer)
	if strconv.Itoa(resp.StatusCode) != args[1] {
		ts.Fatalf("%s %s: got %s, want %s: %s", args[2], args[3], resp.Status, args[1], answer)
	}
}

// guess NAME SECONDS tries wrong passwords until the next attempt is delayed by that long.
func guess(ts *testscript.TestScript, w *world, args []string) {
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	for {
		resp, err := w.browser("guesser").Post(ts.Getenv("URL")+"/login", "application/json", strings.NewReader(`{"username":"`+args[0]+`","password":"yet another guess"}`))
		ts.Check(err)
		resp.Body.Close()
		if resp.StatusCode == http.StatusUnauthorized {
			continue
		}
		wait, err := strconv.Atoi(resp.Header.Get("Retry-After"))
		if err != nil || resp.StatusCode != http.StatusTooManyRequests {
			ts.Fatalf("guess: got %s", resp.Status)
		}
		if wait >= want {
			return
		}
		time.Sleep(time.Duration(wait) * time.Second)
	}
}

func (w *world) browser(name string) *http.Client {
	if w.browsers == nil {
		w.browsers = map[string]*http.Client{}
	}
	if w.browsers[name] == nil {
		jar, _ := cookiejar.New(nil) // never fails
		w.browsers[name] = &http.Client{Jar: jar, Timeout: 30 * time.Second}
	}
	return w.browsers[name]
}

// exits CODE COMMAND [ARG...] runs a command that must exit with this code.
func exits(ts *testscript.TestScript, _ *world, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("%s: got exit code %d, want %s", strings.Join(args[1:], " "), code, args[0])
	}
}

// line N FILE gives the N-th line of a file to a shell, with the server's own
// address, and with the built command for `go run .`.
func line(ts *testscript.TestScript, _ *world, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	lines := strings.Split(ts.ReadFile(args[1]), "\n")
	typed := strings.NewReplacer("http://127.0.0.1:8000", ts.Getenv("URL"), "go run . ", "authctl ").Replace(lines[n-1])
	ts.Check(ts.Exec("sh", "-c", typed))
}

// members NAME... requires exactly these members in the JSON object, or in each object of the
// array, that the last command printed.
func members(ts *testscript.TestScript, _ *world, args []string) {
	printed := []byte(strings.TrimSpace(ts.ReadFile("stdout")))
	if !bytes.HasPrefix(printed, []byte("[")) {
		printed = slices.Concat([]byte("["), printed, []byte("]"))
	}
	var objects []map[string]any
	ts.Check(json.Unmarshal(printed, &objects))
	if len(objects) == 0 {
		ts.Fatalf("no JSON objects")
	}
	slices.Sort(args)
	for _, object := range objects {
		if names := slices.Sorted(maps.Keys(object)); !slices.Equal(names, args) {
			ts.Fatalf("got the members %q, want %q", names, args)
		}
	}
}

// capture NAME REGEXP sets a variable to the first group of the regexp's match in
// what the last command printed.
func capture(ts *testscript.TestScript, _ *world, args []string) {
	m := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if m == nil {
		ts.Fatalf("nothing matches %s", args[1])
	}
	ts.Setenv(args[0], m[1])
}
