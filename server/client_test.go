package server_test

import (
	"net/http/httptest"
	"net/netip"
	"testing"
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
		r.Header["X-Forwarded-For"] = tt.forwarded
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
