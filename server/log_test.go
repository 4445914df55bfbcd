package server_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/authctl/authctl/server"
)

// logged returns the log's lines with this message.
func (f *fixture) logged(message string) []map[string]any {
	f.t.Helper()
	var found []map[string]any
	for _, line := range f.log.lines() {
		if len(line) == 0 { // nothing was logged so far
			continue
		}
		var fields map[string]any
		if err := json.Unmarshal(line, &fields); err != nil {
			f.t.Fatalf("%v in log line %q", err, line)
		}
		if fields["message"] == message {
			found = append(found, fields)
		}
	}
	return found
}

func TestARequestIsLoggedAtItsStartAndItsEnd(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.send(request{method: "GET", path: "/profile?token=in-the-query", header: map[string]string{"X-Request-Id": "abc-1"}})
	began, ended := f.logged("request started"), f.logged("request finished")
	if len(began) != 1 || len(ended) != 1 {
		t.Fatalf("got %d starts and %d ends, want one each", len(began), len(ended))
	}
	for name, want := range map[string]any{
		"level": "info", "method": "GET", "path": "/profile", "request_id": "abc-1", "remote_addr": "127.0.0.1",
	} {
		if began[0][name] != want || ended[0][name] != want {
			t.Errorf("%s is %v and %v, want %v", name, began[0][name], ended[0][name], want)
		}
	}
	for name, want := range map[string]any{"status": 401.0, "route": "/profile", "code": "unauthenticated"} {
		if ended[0][name] != want {
			t.Errorf("%s is %v, want %v", name, ended[0][name], want)
		}
	}
	if _, ok := ended[0]["latency_ms"].(float64); !ok {
		t.Errorf("latency_ms is %v, want a number", ended[0]["latency_ms"])
	}
	if bytes.Contains(bytes.Join(f.log.lines(), nil), []byte("in-the-query")) {
		t.Error("the log holds the query")
	}
}

func TestALoginLogsHowLongEachStepTook(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.signedIn("alice")
	for _, line := range f.logged("request finished") {
		if line["path"] != "/login" {
			continue
		}
		for _, step := range []string{"lookup_ms", "hash_wait_ms", "hash_ms", "store_ms"} {
			if _, ok := line[step].(float64); !ok {
				t.Errorf("%s is %v, want a number", step, line[step])
			}
		}
		return
	}
	t.Error("the login has no end line")
}

func TestHostileValuesStayOnOneBoundedLogLine(t *testing.T) {
	t.Parallel()
	f := start(t)
	nasty := "a\u2028b\u202e\x1b[31m" + strings.Repeat("é", 2000)
	body, _ := json.Marshal(map[string]string{"username": nasty + "\n{\"level\":\"fatal\"}", "password": password})
	f.send(request{method: "POST", path: "/login", body: string(body), header: map[string]string{
		"User-Agent":   strings.ReplaceAll(nasty[:len(nasty)-1], "\x1b", ""),
		"X-Request-Id": `{"a":"b"}`,
	}})
	f.send(request{method: "GET", path: "/" + strings.Repeat("%0a%E2%80%A8%ff", 500)})
	if got := len(f.log.lines()); got != 4 {
		t.Errorf("two requests made %d log lines, want 4", got)
	}
	for _, line := range f.log.lines() {
		if bytes.Contains(line, []byte("fatal")) || bytes.Contains(line, []byte("ééé")) {
			t.Errorf("the log holds a name that belongs to nobody: %s", line)
		}
	}
}

func requestIDsOfTheClient(t *testing.T) {
	f := start(t)
	for _, tt := range []struct {
		id   string
		kept bool
	}{
		{"abc.DEF_123-x", true},
		{strings.Repeat("a", 64), true},
		{strings.Repeat("a", 65), false},
		{strings.Repeat("a", 8000), false},
		{"a b", false},
		{`{"json":true}`, false},
		{"é", false},
		{"a;b", false},
	} {
		a := f.send(request{method: "GET", path: "/healthz", header: map[string]string{"X-Request-Id": tt.id}})
		got := a.header.Get("X-Request-Id")
		if (got == tt.id) != tt.kept || got == "" {
			t.Errorf("sent %.70q, got %q back, want it kept: %t", tt.id, got, tt.kept)
		}
	}
}

func TestARequestsEndSaysWhoseItWas(t *testing.T) {
	t.Parallel()
	f := start(t)
	b := f.signedIn("alice")
	b.send(request{method: "POST", path: "/refresh"})
	b.send(request{method: "GET", path: "/profile"})
	b.send(request{method: "GET", path: "/verify"})
	b.send(request{method: "GET", path: "/sessions"})
	b.send(request{method: "POST", path: "/logout"})
	f.send(request{method: "GET", path: "/profile"})
	var user, session any
	lines := f.logged("request finished")
	for _, line := range lines[:len(lines)-1] {
		if line["path"] == "/register" {
			user = line["user_id"]
			continue
		}
		if session == nil {
			session = line["session_id"]
		}
		if user == nil || line["user_id"] != user || session == nil || line["session_id"] != session {
			t.Errorf("%s is logged as user %v and session %v, want %v and %v", line["path"], line["user_id"], line["session_id"], user, session)
		}
	}
	if last := lines[len(lines)-1]; last["user_id"] != nil || last["session_id"] != nil {
		t.Errorf("a request without a token is logged as %v's", last["user_id"])
	}
}

// TestLogRequestsSaysWhichLinesARequestHas changes log.requests while the server runs. What went wrong is
// logged with every value, and names the request.
func TestLogRequestsSaysWhichLinesARequestHas(t *testing.T) {
	t.Parallel()
	f := start(t)
	cause := errors.New("an operator is needed")
	for _, tt := range []struct {
		setting string
		want    []string // the messages of a good request, and of one that fails
	}{
		{server.LogStartAndFinish, []string{"request started", "request finished", "request started", "request failed", "request finished"}},
		{server.LogFinish, []string{"request finished", "request failed", "request finished"}},
		{server.LogOff, []string{"request failed"}},
		{"", []string{"request started", "request finished", "request started", "request failed", "request finished"}},
	} {
		if err := f.srv.Reconfigure(server.Config{LogRequests: tt.setting}); err != nil {
			t.Fatal(err)
		}
		before := len(f.log.lines())
		if before == 1 && len(f.log.lines()[0]) == 0 {
			before = 0
		}
		f.ready.Store(nil)
		f.serve(f.srv.Handler(), httptest.NewRequest("GET", "/readyz", nil))
		f.ready.Store(&cause)
		f.serve(f.srv.Handler(), httptest.NewRequest("GET", "/readyz", nil))
		var got []string
		lines := f.log.lines()
		for _, line := range lines[min(before, len(lines)):] {
			var fields map[string]any
			if err := json.Unmarshal(line, &fields); err != nil {
				t.Fatalf("%v in log line %q", err, line)
			}
			got = append(got, fields["message"].(string))
			if fields["method"] != "GET" || fields["path"] != "/readyz" || fields["request_id"] == nil {
				t.Errorf("log.requests %q: the line does not name its request: %s", tt.setting, line)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("log.requests %q: got the lines %q, want %q", tt.setting, got, tt.want)
		}
	}
}

func TestAPanicIsLoggedWhateverLogRequestsSays(t *testing.T) {
	t.Parallel()
	f := start(t, func(s *setup) { s.server.LogRequests = server.LogOff })
	h := f.srv.Observe(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a bug") }))
	f.serve(h, httptest.NewRequest("GET", "/profile", nil)).want(t, http.StatusInternalServerError)
	if lines := f.logged("handler panicked"); len(lines) != 1 || lines[0]["path"] != "/profile" || lines[0]["panic"] != "a bug" {
		t.Errorf("got the lines %v, want one that names the path and the panic", lines)
	}
}

func TestHealthProbesAreLoggedForDebuggingOnlyWhileTheyAreGood(t *testing.T) {
	t.Parallel()
	f := start(t)
	for _, path := range []string{"/healthz", "/readyz"} {
		f.send(request{method: "GET", path: path})
	}
	cause := errors.New("an operator is needed")
	f.ready.Store(&cause)
	f.send(request{method: "GET", path: "/readyz"})
	var levels []any
	for _, line := range append(f.logged("request started"), f.logged("request finished")...) {
		levels = append(levels, line["level"])
	}
	if want := []any{"debug", "debug", "debug", "debug", "debug", "info"}; !slices.Equal(levels, want) {
		t.Errorf("the starts and ends of three probes, of which the last fails, are logged at %v, want %v", levels, want)
	}
}
