package server

import (
	"net/http"
	"net/netip"
	"strings"
)

// client returns the address of the client, and whether the client speaks HTTPS. Both come from the
// connection. If the peer is a trusted proxy, the configured forwarding header overrides them. The
// address is zero for a peer that has none.
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

// forwardedHTTPS reports whether any hop says https. If a client forges that, it loses only its own
// cookies. The opposite error would send a user's cookies in clear text.
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

// warnUntrusted warns, at most once a minute, about a forwarding header that was ignored. Either a
// client forged it, or it is from a proxy missing in trusted_proxies; all users of that proxy share
// the limits of its address.
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
