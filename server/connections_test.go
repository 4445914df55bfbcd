package server_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/pires/go-proxyproto"
	"github.com/rs/zerolog"

	"github.com/authctl/authctl/server"
)

// listening is a listener whose connections seem to come from given addresses.
type listening struct {
	net.Listener
	from []string // the addresses that connections seem to come from, in turn; none for the real one
	next *atomic.Int64
}

func (l listening) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil || len(l.from) == 0 {
		return c, err
	}
	from := l.from[int(l.next.Add(1))%len(l.from)]
	return pretended{c, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from))}, nil
}

// pretended is a connection from an address that this machine does not have.
type pretended struct {
	net.Conn
	from net.Addr
}

func (c pretended) RemoteAddr() net.Addr { return c.from }

// behind starts a server whose connections seem to come from an address, or from several in
// turn, separated by spaces.
func behind(t *testing.T, from string, change func(*setup)) *fixture {
	t.Helper()
	return start(t, change, func(s *setup) {
		s.listen = func(l net.Listener) net.Listener { return listening{l, strings.Fields(from), new(atomic.Int64)} }
	})
}

// sendRaw opens a connection and sends something on it.
func (f *fixture) sendRaw(t *testing.T, send string) net.Conn {
	t.Helper()
	c := f.dial(t)
	if _, err := io.WriteString(c, send); err != nil {
		t.Fatal(err)
	}
	return c
}

const getProfile = "GET /profile HTTP/1.1\r\nHost: login.example\r\n\r\n"

// status reads an answer, and returns 0 for a connection that is closed without one.
func status(c net.Conn) int {
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// lastAddr is the address that the latest request was logged with.
func (f *fixture) lastAddr() any {
	f.t.Helper()
	lines := f.logged("request started")
	if len(lines) == 0 {
		return nil
	}
	return lines[len(lines)-1]["remote_addr"]
}

// warnings returns the warnings of the log.
func (f *fixture) warnings() (said []string) {
	for _, line := range f.log.lines() {
		var fields struct{ Level, Message string }
		if json.Unmarshal(line, &fields) == nil && fields.Level == "warn" {
			said = append(said, fields.Message)
		}
	}
	return said
}

func TestTheProxyProtocolIsTakenFromTrustedPeersOnly(t *testing.T) {
	t.Parallel()
	trusting := func(s *setup) {
		s.server.ProxyProtocol = true
		s.server.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	}
	header := func(version byte, from string) string {
		src := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(from))
		dst := net.TCPAddrFromAddrPort(netip.MustParseAddrPort("10.0.0.1:443"))
		if src.IP.To4() == nil {
			dst = net.TCPAddrFromAddrPort(netip.MustParseAddrPort("[fd00::1]:443"))
		}
		b, err := proxyproto.HeaderProxyFromAddrs(version, src, dst).Format()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, tt := range []struct {
		name, peer, send string
		change           func(*setup)
		status           int
		addr             any
		warned           string
	}{
		{"version 2", "10.0.0.9:1", header(2, "198.51.100.7:4711"), trusting, 401, "198.51.100.7", ""},
		{"version 1", "10.0.0.9:1", header(1, "198.51.100.7:4711"), trusting, 401, "198.51.100.7", ""},
		{"IPv6", "10.0.0.9:1", header(2, "[2001:db8::7]:1"), trusting, 401, "2001:db8::7", ""},
		{"none from a trusted peer", "10.0.0.9:1", "", trusting, 0, nil, "the trusted peer sent no PROXY header"},
		{"a direct client", "192.0.2.1:1", "", trusting, 401, "192.0.2.1", ""},
		{"from a stranger", "192.0.2.1:1", header(2, "198.51.100.7:1"), trusting, 400, nil, "the peer is not in server.trusted_proxies"},
		{"version 1 from a stranger", "192.0.2.1:1", header(1, "198.51.100.7:1"), trusting, 400, nil, "the peer is not in server.trusted_proxies"},
		{"switched off", "10.0.0.9:1", header(2, "198.51.100.7:1"), func(s *setup) { trusting(s); s.server.ProxyProtocol = false }, 400, nil, "server.proxy_protocol is not set"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := behind(t, tt.peer, tt.change)
			if got := status(f.sendRaw(t, tt.send+getProfile)); got != tt.status {
				t.Errorf("got %d, want %d", got, tt.status)
			}
			if got := f.lastAddr(); got != tt.addr {
				t.Errorf("the client is %v, want %v", got, tt.addr)
			}
			warnings := f.warnings()
			if tt.warned == "" && len(warnings) > 0 || tt.warned != "" && (len(warnings) != 1 || !strings.Contains(warnings[0], tt.warned)) {
				t.Errorf("got the warnings %q, want %q", warnings, tt.warned)
			}
		})
	}
}

func TestAHeaderBehindThePROXYHeaderIsAStrangers(t *testing.T) {
	t.Parallel()
	f := behind(t, "10.0.0.9:1", func(s *setup) {
		s.server.ProxyProtocol = true
		s.server.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	})
	c := f.sendRaw(t, "PROXY TCP4 198.51.100.7 10.0.0.1 4711 443\r\nGET /profile HTTP/1.1\r\nHost: login.example\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n")
	if got := status(c); got != http.StatusUnauthorized || f.lastAddr() != "198.51.100.7" {
		t.Errorf("got %d from %v", got, f.lastAddr())
	}
}

func TestConnectionsBeyondTheLimitsAreClosed(t *testing.T) {
	t.Parallel()
	limit := func(s *setup) {
		s.server.MaxConnections, s.server.MaxPerAddress = 5, 2
		s.server.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	}
	for _, tt := range []struct {
		name, peer string
		most       int
	}{
		{"a client", "192.0.2.1:1", 2},
		{"a client of IPv6", "[2001:db8::1]:1 [2001:db8::2]:1 [2001:db8:0:0:ffff::3]:1", 2},
		{"clients of two /64", "[2001:db8::1]:1 [2001:db8:0:1::1]:1", 4},
		{"a trusted proxy", "10.0.0.1:1", 5},
		{"this machine", "", 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := behind(t, tt.peer, limit)
			for round := range 3 { // whoever leaves makes room
				var open []net.Conn
				for i := range tt.most {
					c := f.sendRaw(t, getProfile)
					if got := status(c); got != http.StatusUnauthorized {
						t.Fatalf("round %d, connection %d: got %d", round, i, got)
					}
					open = append(open, c)
				}
				if got := status(f.sendRaw(t, getProfile)); got != 0 {
					t.Errorf("round %d: one more was answered with %d", round, got)
				}
				for _, c := range open {
					c.Close()
				}
				f.eventually(func() bool { return f.srv.OpenConnections() == 0 })
			}
			if text := f.metrics(t); !strings.Contains(text, "authctl_connections_refused_total 3") {
				t.Error("the metrics do not count 3 refused connections")
			}
		})
	}
}

func TestAPROXYProtocolWithoutTrustedProxiesIsRefused(t *testing.T) {
	t.Parallel()
	f := start(t)
	cfg := server.Config{ProxyProtocol: true}
	if _, err := server.New(cfg, f.svc, f.store, zerolog.Nop()); err == nil || cfg.Check() == nil {
		t.Error("it is allowed")
	}
}
