package server

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// client returns the address of whoever made the request and whether they speak
// HTTPS. Both come from the connection; forwarding headers count only when the
// peer is a trusted proxy.
func (s *Server) client(r *http.Request) (addr string, https bool) {
	https = s.https || r.TLS != nil
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil { // a Unix socket has no address
		return "", https
	}
	ip := peer.Addr().Unmap()
	if !s.trusted(ip) {
		return ip.String(), https
	}
	if !https {
		https = forwardedHTTPS(r.Header["X-Forwarded-Proto"])
	}
	return s.forwardedFor(ip, r.Header["X-Forwarded-For"]).String(), https
}

func (s *Server) trusted(ip netip.Addr) bool {
	for _, prefix := range s.proxies {
		if prefix.Contains(ip) {
			return true
		}
	}
	return false
}

// forwardedFor walks the hops of all header lines from the right, the end that
// our own proxies wrote, to the first one that is not a trusted proxy. Whatever
// is no address ends the walk at the last hop that was trusted.
func (s *Server) forwardedFor(peer netip.Addr, lines []string) netip.Addr {
	last := peer
	for _, line := range slices.Backward(lines) {
		for line != "" {
			hop := line
			if i := strings.LastIndexByte(line, ','); i >= 0 {
				line, hop = line[:i], line[i+1:]
			} else {
				line = ""
			}
			ip, ok := parseHop(strings.TrimSpace(hop))
			if !ok {
				return last
			}
			last = ip
			if !s.trusted(ip) {
				return ip
			}
		}
	}
	return last
}

// parseHop reads an address with or without a port, IPv6 with or without
// brackets. Zones mean nothing beyond the machine that wrote them.
func parseHop(hop string) (netip.Addr, bool) {
	if bare, ok := strings.CutPrefix(hop, "["); ok && strings.HasSuffix(bare, "]") {
		hop = strings.TrimSuffix(bare, "]")
	}
	ip, err := netip.ParseAddr(hop)
	if err != nil {
		withPort, err := netip.ParseAddrPort(hop)
		if err != nil {
			return netip.Addr{}, false
		}
		ip = withPort.Addr()
	}
	return ip.Unmap(), ip.Zone() == ""
}

// forwardedHTTPS reports whether any hop says https. Erring to this side costs
// whoever forged it their own cookies; erring to the other would send somebody's
// cookies in the clear.
func forwardedHTTPS(lines []string) bool {
	for _, line := range lines {
		for hop := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(hop), "https") {
				return true
			}
		}
	}
	return false
}
