package server_test

import (
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/authctl/authctl/server"
)

func TestTheClientIsThePeerUnlessATrustedProxySaysOtherwise(t *testing.T) {
	t.Parallel()
	f := start(t, func(s *setup) {
		s.server.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	})
	for _, tt := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"direct", "192.0.2.1:1", nil, "192.0.2.1"},
		{"direct, forged", "192.0.2.1:1", []string{"1.1.1.1"}, "192.0.2.1"},
		{"mapped peer", "[::ffff:192.0.2.1]:1", nil, "192.0.2.1"},
		{"proxy, silent", "10.0.0.1:1", nil, "10.0.0.1"},
		{"proxy", "10.0.0.1:1", []string{"198.51.100.7"}, "198.51.100.7"},
		{"mapped proxy", "[::ffff:10.0.0.1]:1", []string{"198.51.100.7"}, "198.51.100.7"},
		{"IPv6 proxy", "[fd00::1]:1", []string{"2001:db8::7"}, "2001:db8::7"},
		{"forged on the left", "10.0.0.1:1", []string{"1.1.1.1, 198.51.100.7"}, "198.51.100.7"},
		{"two proxies", "10.0.0.1:1", []string{"1.1.1.1, 198.51.100.7, 10.0.0.2"}, "198.51.100.7"},
		{"two lines", "10.0.0.1:1", []string{"1.1.1.1, 198.51.100.7", "10.0.0.2"}, "198.51.100.7"},
		{"only proxies", "10.0.0.1:1", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		{"garbage", "10.0.0.1:1", []string{"198.51.100.7, garbage"}, "10.0.0.1"},
		{"garbage after a proxy", "10.0.0.1:1", []string{"1.1.1.1, unknown, 10.0.0.2"}, "10.0.0.2"},
		{"empty hop", "10.0.0.1:1", []string{"1.1.1.1,"}, "10.0.0.1"},
		{"empty hop within", "10.0.0.1:1", []string{"1.1.1.1,,10.0.0.2"}, "10.0.0.2"},
		{"zone", "10.0.0.1:1", []string{"fe80::1%eth0"}, "10.0.0.1"},
		{"ports", "10.0.0.1:1", []string{"198.51.100.7:4711, [fd00::2]:80"}, "198.51.100.7"},
		{"brackets", "10.0.0.1:1", []string{"[2001:db8::7]"}, "2001:db8::7"},
		{"Unix socket", "@", []string{"1.1.1.1"}, ""},
	} {
		r := httptest.NewRequest("GET", "/healthz", nil)
		r.RemoteAddr = tt.peer
		if tt.forwarded != nil {
			r.Header["X-Forwarded-For"] = tt.forwarded
		}
		for _, forged := range []string{"X-Real-Ip", "True-Client-Ip", "Forwarded", "Cf-Connecting-Ip"} {
			r.Header.Set(forged, "9.9.9.9")
		}
		f.serve(f.srv.Handler(), r)
		lines := f.logged("request finished")
		if got := lines[len(lines)-1]["remote_addr"]; got != tt.want {
			t.Errorf("%s: got %v, want %s", tt.name, got, tt.want)
		}
	}
}

func TestForwardedIsReadInsteadWhereItIsChosen(t *testing.T) {
	t.Parallel()
	f := start(t, func(s *setup) {
		s.server.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
		s.server.ForwardedHeader = server.HeaderForwarded
	})
	for _, tt := range []struct {
		name, peer string
		forwarded  []string
		want       string
		secure     bool
	}{
		{"direct, forged", "192.0.2.1:1", []string{"for=1.1.1.1;proto=https"}, "192.0.2.1", false},
		{"proxy", "10.0.0.1:1", []string{"for=198.51.100.7"}, "198.51.100.7", false},
		{"with a scheme", "10.0.0.1:1", []string{"for=198.51.100.7;proto=https;by=10.0.0.1"}, "198.51.100.7", true},
		{"in capitals", "10.0.0.1:1", []string{`By=x; FOR="198.51.100.7:4711" ;Proto=HTTPS`}, "198.51.100.7", true},
		{"IPv6", "10.0.0.1:1", []string{`for="[2001:db8::7]:80"`}, "2001:db8::7", false},
		{"forged on the left", "10.0.0.1:1", []string{"for=1.1.1.1, for=198.51.100.7, for=10.0.0.2"}, "198.51.100.7", false},
		{"two lines", "10.0.0.1:1", []string{"for=1.1.1.1", "for=198.51.100.7", `for="[fd00::9]"`}, "198.51.100.7", false},
		{"a comma in quotes", "10.0.0.1:1", []string{`for="1.1.1.1, for=2.2.2.2", for=198.51.100.7`}, "198.51.100.7", false},
		{"a quote that is not closed", "10.0.0.1:1", []string{`for="1.1.1.1, for=198.51.100.7`}, "10.0.0.1", false},
		{"a quote that is not closed, in another line", "10.0.0.1:1", []string{`for="1.1.1.1`, "for=198.51.100.7"}, "198.51.100.7", false},
		{"hidden", "10.0.0.1:1", []string{"for=1.1.1.1, for=_hidden, for=10.0.0.2"}, "10.0.0.2", false},
		{"unknown", "10.0.0.1:1", []string{"for=unknown"}, "10.0.0.1", false},
		{"named twice", "10.0.0.1:1", []string{"for=1.1.1.1;for=198.51.100.7"}, "10.0.0.1", false},
		{"no name", "10.0.0.1:1", []string{"198.51.100.7"}, "10.0.0.1", false},
		{"nothing", "10.0.0.1:1", nil, "10.0.0.1", false},
	} {
		r := httptest.NewRequest("GET", "/healthz", nil)
		r.RemoteAddr = tt.peer
		if tt.forwarded != nil {
			r.Header["Forwarded"] = tt.forwarded
		}
		r.Header.Set("X-Forwarded-For", "9.9.9.9")
		r.Header.Set("X-Forwarded-Proto", "https")
		a := f.serve(f.srv.Handler(), r)
		lines := f.logged("request finished")
		if got := lines[len(lines)-1]["remote_addr"]; got != tt.want {
			t.Errorf("%s: got %v, want %s", tt.name, got, tt.want)
		}
		if got := a.header.Get("Strict-Transport-Security") != ""; got != tt.secure {
			t.Errorf("%s: taken for HTTPS: %t, want %t", tt.name, got, tt.secure)
		}
	}
}

func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{
		"for=192.0.2.1", `for="[2001:db8::1]:80";proto=https, for=unknown`, `for="\"`, `for="`, ";;,,==", `for=1.1.1.1;for=2.2.2.2`, "for=\x00",
	} {
		f.Add(seed, "198.51.100.7")
		f.Add("198.51.100.9", seed)
	}
	f.Fuzz(func(t *testing.T, forged, added string) {
		// A header line that the client sent must never decide over one that a proxy added.
		for _, header := range []string{server.HeaderForwarded, server.HeaderXForwardedFor} {
			way := server.Hops(header, forged, "for=198.51.100.7")
			if header == server.HeaderXForwardedFor {
				way = server.Hops(header, forged, "198.51.100.7")
			}
			if len(way) == 0 || way[len(way)-1] != "198.51.100.7" {
				t.Errorf("%s: %q hides the last hop: %q", header, forged, way)
			}
			server.Hops(header, forged, added)
		}
	})
}
