package config

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
)

// resolveTimeout is the maximum time for resolving a host name.
const resolveTimeout = 5 * time.Second

// hostName matches the name of a host. A text of only numbers and dots is a malformed IPv4 address
// instead.
var hostName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9A-Za-z_-]+(\.[0-9A-Za-z_-]+)*\.?$`) })

// hostFault says why the text of a listening address is malformed. It returns "" for a valid
// address. An empty text means every address.
func hostFault(host string) string {
	_, err := netip.ParseAddr(host)
	bare, bracketed := strings.CutPrefix(strings.TrimSuffix(host, "]"), "[")
	_, _, withPort := net.SplitHostPort(host)
	switch {
	case err == nil || host == "":
		return ""
	case host == "*":
		return `must be an address: 0.0.0.0 for every IPv4 address of this machine, :: for every address; not "*"`
	case strings.Contains(host, "/"):
		return fmt.Sprintf("must be an address alone, such as 0.0.0.0, not %q; server.public_url is for the URL at which browsers reach the service", host)
	case withPort == nil:
		return fmt.Sprintf("must be an address alone, not %q with a port; server.port (PORT) is for the port", host)
	case bracketed:
		return fmt.Sprintf("is written without brackets: %s", bare)
	case !hostName().MatchString(host) || strings.Trim(host, "0123456789.") == "":
		return fmt.Sprintf("must be an address, such as 0.0.0.0 or ::, or the name of a host, not %q", host)
	}
	return ""
}

// adminFault says why the text of server.admin_listen is malformed. It returns "" for a valid text.
func adminFault(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil || strings.Contains(address, "/") {
		return fmt.Sprintf("must be host:port, such as 127.0.0.1:9000 or [::1]:9000, or empty to turn it off, not %q", address)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Sprintf("must be host:port with a port from 0 to 65535, not %q", address)
	}
	return hostFault(host)
}

// validateListeners reports listening addresses whose text is invalid. It resolves no names.
func (l *Loaded) validateListeners(bad *Faults) {
	s := l.Server
	if why := hostFault(s.Host); why != "" {
		bad.Add("server.host", "%s", why)
	}
	if s.AdminListen == "" {
		return
	}
	if why := adminFault(s.AdminListen); why != "" {
		bad.Add("server.admin_listen", "%s", why)
		return
	}
	host, port, _ := net.SplitHostPort(s.AdminListen)
	if s.Port == 0 || port != strconv.Itoa(int(s.Port)) || !overlap(host, s.Host) {
		return
	}
	if l.Origins["server.admin_listen"] == "default" {
		bad.Add("server.port", "is %d, where server.admin_listen (%s, for metrics) listens by default: change one of them", s.Port, s.AdminListen)
		return
	}
	bad.Add("server.admin_listen", "is %s, where server.host and server.port already listen: change one of them", s.AdminListen)
}

// overlap reports whether two listeners with the same port would conflict.
func overlap(one, other string) bool {
	a, errA := listensOn(one)
	b, errB := listensOn(other)
	if errA != nil || errB != nil {
		return one == other
	}
	covers := func(all, some netip.Addr) bool { return all.IsUnspecified() && (all.Is6() || some.Is4()) }
	return a == b || covers(a, b) || covers(b, a)
}

func listensOn(host string) (netip.Addr, error) {
	switch host {
	case "":
		return netip.IPv6Unspecified(), nil
	case "localhost":
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
	}
	return netip.ParseAddr(host)
}

// resolveListeners reports host names that resolve to no address.
func (l *Loaded) resolveListeners(ctx context.Context, bad *Faults) {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	admin, _, _ := net.SplitHostPort(l.Server.AdminListen) // validateListeners has checked it
	for _, h := range [...]struct{ key, name string }{{"server.host", l.Server.Host}, {"server.admin_listen", admin}} {
		if _, err := netip.ParseAddr(h.name); err == nil || h.name == "" {
			continue
		}
		if _, err := net.DefaultResolver.LookupNetIP(ctx, "ip", h.name); err != nil {
			bad.Add(h.key, "has the name %q, which resolves to no address: %v; give an address of this machine, such as 0.0.0.0", h.name, err)
		}
	}
}

func (l *Loaded) validateProxies(bad *Faults) {
	s := l.Server
	for i, p := range s.TrustedProxies {
		unmapped, err := authn.UnmapNetwork(p)
		if err != nil {
			bad.Add("server.trusted_proxies", "%s: %v", p, err)
			continue
		}
		s.TrustedProxies[i], p = unmapped, unmapped
		if p.Bits() == 0 {
			bad.Add("server.trusted_proxies", "%s trusts everybody, name the proxies' own network", p)
		}
	}
	bad.AddError("server.forwarded_header", server.CheckForwardedHeader(s.ForwardedHeader))
	if s.MaxConnectionsPerAddress < 1 || s.MaxConnectionsPerAddress > s.MaxConnections {
		bad.Add("server.max_connections_per_address", "must be 1 to server.max_connections (%d), not %d", s.MaxConnections, s.MaxConnectionsPerAddress)
	}
}
