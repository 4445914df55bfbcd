package server

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// The headers in which proxies report the client of a request.
const (
	HeaderXForwardedFor = "x-forwarded-for" // together with X-Forwarded-Proto
	HeaderForwarded     = "forwarded"       // RFC 7239
)

// CheckForwardedHeader returns an error, with text for a person, unless name is a header for
// [Config].ForwardedHeader.
func CheckForwardedHeader(name string) error {
	return oneOf(name, HeaderXForwardedFor, HeaderForwarded)
}

// hop is what one proxy reports about the connection that it received.
type hop struct {
	addr  string // the address as written
	https bool
}

// hops returns the hops that the chosen header reports, from the client to the last proxy. An item
// that cannot be parsed becomes a hop without an address.
func hops(h http.Header, header string) []hop {
	if header == HeaderForwarded {
		return forwardedHops(h["Forwarded"])
	}
	var all []hop
	for _, line := range h["X-Forwarded-For"] {
		for addr := range strings.SplitSeq(line, ",") {
			all = append(all, hop{addr: strings.TrimSpace(addr)})
		}
	}
	return all
}

// forwardedHops parses Forwarded headers. A malformed line, such as one with an unclosed quote,
// becomes one hop without an address: a client's input must not hide what a proxy appended after
// it.
func forwardedHops(lines []string) []hop {
	var all []hop
	for _, line := range lines {
		elements, ok := splitQuoted(line, ',')
		if !ok {
			all = append(all, hop{})
			continue
		}
		for _, element := range elements {
			all = append(all, forwardedHop(element))
		}
	}
	return all
}

func forwardedHop(element string) hop {
	var is hop
	pairs, _ := splitQuoted(element, ';')
	seen := false
	for _, pair := range pairs {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		switch value = unquote(value); {
		case strings.EqualFold(name, "for") && seen:
			return hop{}
		case strings.EqualFold(name, "for"):
			is.addr, seen = value, true
		case strings.EqualFold(name, "proto"):
			is.https = strings.EqualFold(value, "https")
		}
	}
	return is
}

// splitQuoted splits s at each sep outside quotes. It reports false when a quote is not closed.
func splitQuoted(s string, sep byte) (parts []string, ok bool) {
	quoted, start := false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == sep && !quoted:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:]), !quoted
}

// unquote removes the quotes. No address contains a backslash, so it rejects a text with one.
func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}

// lastUntrusted returns the client's address: it walks the hops from the end, which our own proxies
// wrote, to the first that is not a trusted proxy. A hop without a valid address ends the walk at
// the last trusted one.
func (s *Server) lastUntrusted(peer netip.Addr, way []hop) netip.Addr {
	last := peer
	for _, h := range slices.Backward(way) {
		ip, ok := parseHop(h.addr)
		if !ok {
			return last
		}
		last = ip
		if !s.trusted(ip) {
			return ip
		}
	}
	return last
}

// parseHop parses an address with or without a port; IPv6 may have brackets. It drops zones, which
// have a meaning only on the machine that wrote them.
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
