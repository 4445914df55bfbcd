package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
	"github.com/authctl/authctl/store"
)

// behindProxy lets tests choose the client's address by X-Forwarded-For.
func behindProxy(s *setup) {
	s.server.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
}

func limited(s *setup) {
	behindProxy(s)
	s.server.Limits = server.Limits{
		Login:    server.Rate{Count: 60, Per: time.Minute, Burst: 3},
		Register: server.Rate{Count: 1, Per: time.Hour, Burst: 2},
		Refresh:  server.Rate{Count: 30, Per: time.Minute, Burst: 1},
		Mail:     server.Rate{Count: 6, Per: time.Minute, Burst: 2},
		Other:    server.Rate{Count: 600, Per: time.Minute, Burst: 5},
	}
}

// from sends a request as a client of that address.
func (f *fixture) from(address, method, path, body string) answer {
	f.t.Helper()
	return f.send(request{method: method, path: path, body: body, header: map[string]string{"X-Forwarded-For": address}})
}

func TestEachClassOfRequestsHasALimitOfItsOwnPerAddress(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		f := start(limited)
		for _, tt := range []struct {
			method, path, body string
			burst, status      int
			retryAfter         string
		}{
			{"POST", "/register", account("alice", password), 2, 0, "3600"},
			{"POST", "/login", account("nobody", password), 3, http.StatusUnauthorized, "1"},
			{"POST", "/refresh", "", 1, http.StatusUnauthorized, "2"},
			{"POST", "/password/forgot", fields("identifier", "nobody"), 2, http.StatusForbidden, "10"},
			{"GET", "/profile", "", 5, http.StatusUnauthorized, "1"},
		} {
			for _, address := range []string{"192.0.2.1", "2001:db8::1"} {
				for range tt.burst {
					if a := f.from(address, tt.method, tt.path, tt.body); a.status == http.StatusTooManyRequests || tt.status != 0 && a.status != tt.status {
						t.Errorf("%s from %s: got %s", tt.path, address, a)
					}
				}
				a := f.from(address, tt.method, tt.path, tt.body).want(t, http.StatusTooManyRequests, authn.CodeRateLimited)
				if got := a.header.Get("Retry-After"); got != tt.retryAfter {
					t.Errorf("%s: Retry-After is %s, want %s", tt.path, got, tt.retryAfter)
				}
				if len(setCookies(a)) > 0 || a.header.Get("Www-Authenticate") != "" {
					t.Errorf("%s: a 429 must neither touch cookies nor ask to sign in: %s", tt.path, a)
				}
			}
			f.from("2001:db8::ffff", tt.method, tt.path, tt.body).want(t, http.StatusTooManyRequests) // of the same /64
			if a := f.from("2001:db8:0:1::1", tt.method, tt.path, tt.body); a.status == http.StatusTooManyRequests {
				t.Errorf("%s: another /64 is refused", tt.path)
			}
		}
		f.from("192.0.2.1", "GET", "/login", "").want(t, http.StatusTooManyRequests) // counts as anything else
		for path, class := range map[string]string{
			"/password/reset": "mail", "/email/change": "mail", "/email/resend": "mail", "/email/verify": "mail",
			server.VerifyPagePath: "mail", server.ResetPagePath: "mail", "/password/change": "login",
		} {
			before := f.limited(t, class)
			f.from("192.0.2.1", "POST", path, "{}").want(t, http.StatusTooManyRequests, authn.CodeRateLimited)
			if got := f.limited(t, class) - before; got != 1 {
				t.Errorf("%s counts %d times as %s", path, got, class)
			}
		}
		f.from("192.0.2.1", "DELETE", "/profile", "{}").want(t, http.StatusTooManyRequests, authn.CodeRateLimited)
		for range 20 {
			for _, path := range []string{"/healthz", "/readyz", "/verify", "/verify/deeper"} {
				if a := f.from("192.0.2.1", "GET", path, ""); a.status == http.StatusTooManyRequests {
					t.Errorf("%s has a limit", path)
				}
			}
		}
		f.clock.advance(time.Second)
		f.from("192.0.2.1", "POST", "/login", account("nobody", password)).want(t, http.StatusUnauthorized)
		f.from("192.0.2.1", "POST", "/login", account("nobody", password)).want(t, http.StatusTooManyRequests)
		text := f.metrics(t)
		for _, want := range []string{`authctl_rate_limited_total{class="login"} 6`, `authctl_rate_limited_total{class="register"} 3`, `authctl_rate_limited_total{class="refresh"} 3`} {
			if !strings.Contains(text, want) {
				t.Errorf("the metrics lack %s", want)
			}
		}
	})
}

// limited returns how many requests of a class were refused.
func (f *fixture) limited(t *testing.T, class string) (n int) {
	t.Helper()
	_, rest, _ := strings.Cut(f.metrics(t), `authctl_rate_limited_total{class="`+class+`"} `)
	if _, err := fmt.Sscan(rest, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestALimitRefusesBeforeThePasswordIsLookedAt(t *testing.T) {
	t.Parallel()
	f := start(t, limited)
	for range 100 {
		f.from("192.0.2.1", "POST", "/login", account("nobody", password))
	}
	if got := f.svc.HashStats().Run; got != 3 {
		t.Errorf("%d passwords were hashed, want 3", got)
	}
}

// trail is a store that records the events that are written alone, without another change.
type trail struct {
	store.Store
	mu     sync.Mutex
	events []store.Event
}

func (s *trail) Record(ctx context.Context, e store.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, e)
	return s.Store.Record(ctx, e)
}

func TestRefusalsOfAnAddressAreAudited(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, start func(...func(*setup)) *fixture) {
		var written *trail
		f := start(limited, func(s *setup) {
			written = &trail{Store: s.store}
			s.store = written
		})
		for range 10 { // of which three are let through
			f.from("192.0.2.1", "POST", "/login", account("nobody", password))
		}
		f.clock.advance(time.Second)
		f.from("2001:db8::1", "POST", "/refresh", "")
		f.from("2001:db8::2", "POST", "/refresh", "").want(t, http.StatusTooManyRequests)
		var got []string
		for _, e := range written.events {
			got = append(got, fmt.Sprint(e.Action, " ", e.RemoteAddr, " ", e.Actor, ": ", e.Reason))
		}
		want := []string{
			"excess_rate_limit_exceeded 192.0.2.1 anonymous: login requests of one address",
			"excess_rate_limit_exceeded 2001:db8::2 anonymous: refresh requests of one address",
		}
		if !slices.Equal(got, want) {
			t.Errorf("audited %q, want %q", got, want)
		}
	})
}

func TestNoHeaderGetsAroundTheLimit(t *testing.T) {
	t.Parallel()
	f := start(t, limited, func(s *setup) { s.server.TrustedProxies = nil })
	refused := 0
	for i := range 30 {
		forged := fmt.Sprintf("198.51.100.%d", i)
		a := f.send(request{method: "POST", path: "/login", body: account("nobody", password), header: map[string]string{
			"X-Forwarded-For": forged, "Forwarded": "for=" + forged, "X-Real-Ip": forged, "True-Client-Ip": forged, "Cf-Connecting-Ip": forged,
		}})
		if a.status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused != 27 {
		t.Errorf("%d of 30 were refused, want 27", refused)
	}
	warnings := f.logged("header ignored: the peer is not in server.trusted_proxies")
	if len(warnings) != 1 || warnings[0]["header"] != "X-Forwarded-For" {
		t.Errorf("got the warnings %v, want one a minute", warnings)
	}
}

func TestWhatIsRefusedAsCrossOriginUsesUpNobodysLimit(t *testing.T) {
	t.Parallel()
	f := start(t, limited)
	for range 20 {
		f.send(request{method: "POST", path: "/login", body: account("nobody", password), header: map[string]string{
			"X-Forwarded-For": "192.0.2.1", "Sec-Fetch-Site": "cross-site",
		}}).want(t, http.StatusForbidden)
	}
	f.from("192.0.2.1", "POST", "/login", account("nobody", password)).want(t, http.StatusUnauthorized)
}

func TestLimitsChangeWhileTheServerRuns(t *testing.T) {
	t.Parallel()
	f := start(t, limited)
	var conf setup
	limited(&conf)
	try := func(want int) {
		t.Helper()
		f.from("192.0.2.1", "POST", "/refresh", "").want(t, want)
	}
	try(http.StatusUnauthorized)
	try(http.StatusTooManyRequests)
	if err := f.srv.Reconfigure(conf.server); err != nil {
		t.Fatal(err)
	}
	try(http.StatusTooManyRequests) // nothing has changed
	conf.server.Limits.Refresh.Burst = 2
	if err := f.srv.Reconfigure(conf.server); err != nil {
		t.Fatal(err)
	}
	try(http.StatusUnauthorized)
	try(http.StatusUnauthorized)
	try(http.StatusTooManyRequests)
	conf.server.Limits = server.Limits{}
	if err := f.srv.Reconfigure(conf.server); err != nil {
		t.Fatal(err)
	}
	for range 50 {
		try(http.StatusUnauthorized)
	}
}

func TestAMillionAddressesTakeNoMoreMemoryThanAFew(t *testing.T) {
	t.Parallel()
	l := server.NewTestLimiter(server.Rate{Count: 1, Per: time.Minute, Burst: 1})
	now := time.Now()
	victim := netip.MustParseAddr("192.0.2.1")
	l.Take(victim, now)
	for i := range 1_000_000 {
		l.Take(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), now)
		if i%1000 == 0 && l.Take(victim, now) == 0 {
			t.Fatalf("whoever goes on asking is forgotten after %d others", i)
		}
	}
	if n := l.Entries(); n > 64*2*512 {
		t.Errorf("%d addresses are remembered", n)
	}
}
