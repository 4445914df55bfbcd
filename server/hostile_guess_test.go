package server_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
)

// throttled sets the default limits of accounts.
func throttled(s *setup) {
	behindProxy(s)
	s.authn.Accounts = authn.AccountLimits{Free: 5, MaxDelay: 15 * time.Minute, FreeAnywhere: 20, MaxAnywhere: time.Minute, DisableAfter: 100, Ceiling: 3000, CeilingPer: 5 * time.Minute}
}

// guesses: the guesser is delayed, and nobody else.
func guesses(t *testing.T, start func(...func(*setup)) *fixture) {
	f := start(throttled)
	b := f.signedIn("alice")
	guess := account("alice", "the wrong password")
	for _, wait := range []int{0, 0, 0, 0, 0, 1, 2, 4, 8} {
		a := f.from("203.0.113.5", "POST", "/login", guess)
		if wait == 0 {
			a.want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials)
			continue
		}
		a.want(t, http.StatusTooManyRequests, authn.CodeRateLimited)
		if got := a.header.Get("Retry-After"); got != strconv.Itoa(wait) {
			t.Errorf("Retry-After is %s, want %d", got, wait)
		}
		f.clock.advance(time.Duration(wait) * time.Second)
		f.from("203.0.113.5", "POST", "/login", guess).want(t, http.StatusUnauthorized)
	}
	f.from("203.0.113.5", "POST", "/login", account("alice", password)).want(t, http.StatusTooManyRequests)
	f.from("203.0.113.6", "POST", "/login", account("alice", password)).want(t, http.StatusOK)
	b.post("/refresh", "").want(t, http.StatusOK)
	b.get("/profile").want(t, http.StatusOK)
	if text := f.metrics(t); !strings.Contains(text, "authctl_logins_throttled_total 5") {
		t.Error("the metrics do not count 5 throttled sign-ins")
	}
}

// parallelGuesses: two hundred concurrent guesses achieve no more than two hundred sequential
// ones.
func parallelGuesses(t *testing.T, start func(...func(*setup)) *fixture) {
	f := start(throttled)
	f.register("alice", password).want(t, http.StatusCreated)
	for _, name := range []string{"alice", "nobody"} {
		computed := f.svc.HashStats().Run
		var all sync.WaitGroup
		for range 200 {
			all.Go(func() {
				a := f.from("203.0.113.5", "POST", "/login", account(name, "the wrong password"))
				if a.status != http.StatusUnauthorized && a.status != http.StatusTooManyRequests && a.status != http.StatusServiceUnavailable {
					t.Errorf("got %s", a)
				}
			})
		}
		all.Wait()
		if got := f.svc.HashStats().Run - computed; got > 5 {
			t.Errorf("%s: %d of 200 guesses were compared with the password, want 5 at most", name, got)
		}
	}
}

// manyFailures: a hundred in a row, whatever the time between them, disable the password.
func manyFailures(t *testing.T, start func(...func(*setup)) *fixture) {
	f := start(throttled)
	b := f.signedIn("alice")
	for range 100 {
		f.clock.advance(time.Hour)
		f.from("203.0.113.5", "POST", "/login", account("alice", "the wrong password")).want(t, http.StatusUnauthorized)
	}
	f.clock.advance(time.Hour)
	f.from("198.51.100.7", "POST", "/login", account("alice", password)).want(t, http.StatusUnauthorized, authn.CodeInvalidCredentials)
	b.post("/refresh", "").want(t, http.StatusOK)
	b.get("/profile").want(t, http.StatusOK)
	if _, err := f.svc.UnlockUser(t.Context(), authn.Actor{Name: "cli:test"}, "alice"); err != nil {
		t.Fatal(err)
	}
	f.from("203.0.113.5", "POST", "/login", account("alice", password)).want(t, http.StatusOK)
}

// spray tries one password with many names. The limit of the address ends that, and each
// request of a pipeline counts.
func spray(t *testing.T) {
	f := start(t, throttled, func(s *setup) {
		s.server.Limits = server.Limits{Login: server.Rate{Count: 30, Per: 5 * time.Minute, Burst: 10}}
	})
	for i := range 200 {
		a := f.from("203.0.113.5", "POST", "/login", account(fmt.Sprint("user", i), password))
		if want := i < 10; (a.status == http.StatusUnauthorized) != want || !want && a.code() != string(authn.CodeRateLimited) {
			t.Fatalf("name %d: got %s", i, a)
		}
	}
	var pipeline strings.Builder
	for i := range 20 {
		body := account(fmt.Sprint("user", i), password)
		fmt.Fprintf(&pipeline, "POST /login HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.6\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	f.sendRaw(t, pipeline.String())
	f.eventually(func() bool { return len(f.logged("request finished")) == 220 })
	if got := f.svc.HashStats().Run; got != 20 {
		t.Errorf("%d passwords were hashed, want 10 of each address", got)
	}
}
