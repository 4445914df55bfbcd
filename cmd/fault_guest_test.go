package cmd_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// guest is a well-behaved client, such as an application on a phone. It holds one pair of
// tokens and refreshes them. It repeats a request that got no answer or a server error.
type guest struct {
	http.Client
	url, name       string
	access, refresh string
	answers         atomic.Int64 // refreshes that were answered with new tokens
	tries           atomic.Int64 // requests that were not answered, or with an error of the server's own
	signedOut       atomic.Value // the code of the answer that has ended its session, a string
}

const guestPassword = "a password for scripts"

// How long guests wait for an answer: less than a server does for its database, or more.
const (
	impatient = 3 * time.Second
	patient   = 15 * time.Second
)

func newGuest(p *process, name string) *guest {
	return &guest{Client: http.Client{Transport: &http.Transport{}, Timeout: impatient}, url: p.url, name: name}
}

// answer is the answer of a server. Status 0 means no answer.
type answer struct {
	status int
	code   string // of an error
}

// transient reports whether a well-behaved client tries again.
func (a answer) transient() bool { return a.status == 0 || a.status == 429 || a.status >= 500 }

// ask sends one request, and stores the tokens of an answer with status 200.
func (v *guest) ask(method, path, body string) answer {
	req, err := http.NewRequest(method, v.url+path, strings.NewReader(body))
	if err != nil {
		panic(err) // the test has written it
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if v.access != "" {
		req.Header.Set("Cookie", "access_token="+v.access+"; refresh_token="+v.refresh)
	}
	resp, err := v.Do(req)
	if err != nil {
		return answer{}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}
	}
	var problem struct{ Code string }
	json.Unmarshal(text, &problem) // not every answer has one
	for _, cookie := range resp.Cookies() {
		switch {
		case resp.StatusCode != http.StatusOK || cookie.Value == "":
		case cookie.Name == "access_token":
			v.access = cookie.Value
		case cookie.Name == "refresh_token":
			v.refresh = cookie.Value
		}
	}
	return answer{resp.StatusCode, problem.Code}
}

// askPatiently sends one request that must be answered, however slow the machine is.
func (v *guest) askPatiently(method, path, body string) answer {
	defer func(usual time.Duration) { v.Timeout = usual }(v.Timeout)
	v.Timeout = time.Minute
	return v.ask(method, path, body)
}

// answered sends the request until there is an answer that is not a server error.
func (v *guest) answered(t testing.TB, method, path, body string) (got answer) {
	t.Helper()
	eventually(t, func() bool {
		got = v.ask(method, path, body)
		return !got.transient()
	})
	return got
}

// account is the body of a registration, and of a sign-in.
func (v *guest) account(password string) string {
	return fmt.Sprintf(`{"username":%q,"password":%q}`, v.name, password)
}

// join registers the guest and signs it in.
func (v *guest) join(t testing.TB) {
	t.Helper()
	if got := v.askPatiently("POST", "/register", v.account(guestPassword)); got.status != http.StatusCreated {
		t.Fatalf("register %s: got %v", v.name, got)
	}
	v.signIn(t)
}

func (v *guest) signIn(t testing.TB) {
	t.Helper()
	v.access, v.refresh = "", ""
	if got := v.askPatiently("POST", "/login", v.account(guestPassword)); got.status != http.StatusOK {
		t.Fatalf("sign %s in: got %v", v.name, got)
	}
}

// renew refreshes the tokens once.
func (v *guest) renew() answer {
	got := v.ask("POST", "/refresh", "")
	switch {
	case got.status == http.StatusOK:
		v.answers.Add(1)
	case got.transient():
		v.tries.Add(1)
	default:
		v.signedOut.Store(got.code)
	}
	return got
}

// renewLosingTheAnswer refreshes the tokens, and drops the answer.
func (v *guest) renewLosingTheAnswer(t testing.TB) {
	t.Helper()
	access, refresh := v.access, v.refresh
	if got := v.askPatiently("POST", "/refresh", ""); got.status != http.StatusOK {
		t.Fatalf("refresh as %s: got %v", v.name, got)
	}
	v.access, v.refresh = access, refresh
}

// stay refreshes until stop is closed or the session has ended. It pauses after each answer.
func (v *guest) stay(stop <-chan struct{}, pause time.Duration) {
	for v.signedOut.Load() == nil {
		next := pause
		if v.renew().transient() {
			next = 100 * time.Millisecond
		}
		select {
		case <-stop:
			return
		case <-time.After(next):
		}
	}
}

// wantsToBeSignedIn refreshes until there is an answer, which must be 200.
func (v *guest) wantsToBeSignedIn(t testing.TB, excused ...string) {
	t.Helper()
	if v.signedOut.Load() == nil {
		eventually(t, func() bool { return !v.renew().transient() })
	}
	if code, out := v.signedOut.Load().(string); out && !slices.Contains(excused, code) {
		t.Errorf("%s did nothing wrong and was signed out: %s", v.name, code)
	}
}

// isOut requires that the client's tokens are refused.
func (v *guest) isOut(t testing.TB) {
	t.Helper()
	for path, method := range map[string]string{"/verify": "GET", "/refresh": "POST"} {
		if got := v.answered(t, method, path, ""); got.status != http.StatusUnauthorized {
			t.Errorf("%s at %s: got %v, its session was ended", v.name, path, got)
		}
	}
}
