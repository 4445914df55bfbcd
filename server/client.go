package server

import (
	"net/http"
	"net/netip"
	"strings"
)

// client returns the address of whoever made the request and whether they speak
// HTTPS. Both come from the connection; the chosen forwarding header counts only when the
// peer is a trusted proxy. The address is zero for a peer that has none.
func (s *Server) client(r *http.Request) (addr netip.Addr, https bool) {
	https = s.https || r.TLS != nil
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil { // a Unix socket has no address
		return netip.Addr{}, https
	}
	ip := peer.Addr().Unmap().WithZone("")
	if !s.trusted(ip) {
		s.warnUntrusted(r.Header, ip)
		return ip, https
	}
	way := hops(r.Header, s.forwarded)
	if !https {
		https = s.forwardedHTTPS(r.Header, way)
	}
	return s.lastUntrusted(ip, way), https
}

func (s *Server) trusted(ip netip.Addr) bool {
	for _, prefix := range s.proxies {
		if prefix.Contains(ip) {
			return true
		}
	}
	return false
}

// forwardedHTTPS reports whether any hop says https. Erring to this side costs
// whoever forged it their own cookies; erring to the other would send somebody's
// cookies in the clear.
func (s *Server) forwardedHTTPS(h http.Header, way []hop) bool {
	for _, hop := range way {
		if hop.https {
			return true
		}
	}
	if s.forwarded == HeaderForwarded {
		return false
	}
	for _, line := range h["X-Forwarded-Proto"] {
		for hop := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(hop), "https") {
				return true
			}
		}
	}
	return false
}

// warnUntrusted tells, once a minute, of a header that was ignored: it is either forged, or
// of a proxy that the operator has forgotten, whose users all share the limits of its address.
func (s *Server) warnUntrusted(h http.Header, peer netip.Addr) {
	for _, name := range [...]string{"X-Forwarded-For", "Forwarded"} {
		if _, sent := h[name]; sent {
			s.untrusted.Do(func() {
				s.log.Warn().Str("peer", peer.String()).Str("header", name).
					Msg("header ignored: the peer is not in server.trusted_proxies")
			})
			return
		}
	}
}
