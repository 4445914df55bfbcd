package server

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"sync"

	"github.com/pires/go-proxyproto"

	"github.com/authctl/authctl/authn"
)

// connections is the public listener. It closes connections beyond the limits, and takes the
// client's address from the PROXY protocol of trusted peers.
type connections struct {
	net.Listener
	server *Server
}

// openConnections counts the open connections and enforces their limits; a limit of 0 means none.
type openConnections struct {
	max, maxPerAddress int

	mu   sync.Mutex
	all  int
	from map[netip.Prefix]int // by address block; trusted proxies and loopback do not count
}

// Accept returns the next connection within the limits.
func (l *connections) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		peer, trusted := l.peer(c)
		counted := peer
		if trusted || peer.IsLoopback() {
			counted = netip.Addr{}
		}
		if !l.server.open.enter(counted) {
			l.server.metrics.refused.Inc()
			c.Close() // to the client this looks like a server that is down
			continue
		}
		is := &connection{Conn: c, server: l.server, counted: counted, peer: peer}
		if l.server.proxyProtocol && trusted {
			is.Conn = proxyproto.NewConn(c, proxyproto.WithPolicy(proxyproto.REQUIRE), proxyproto.SetReadHeaderTimeout(l.server.timeouts.readHeader))
			is.proxied = true
		}
		return is, nil
	}
}

func (l *connections) peer(c net.Conn) (addr netip.Addr, trusted bool) {
	tcp, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}, false
	}
	addr = tcp.AddrPort().Addr().Unmap().WithZone("")
	return addr, l.server.trusted(addr)
}

// enter counts a connection, or reports false if a limit is reached.
func (o *openConnections) enter(from netip.Addr) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.max > 0 && o.all >= o.max {
		return false
	}
	if from.IsValid() && o.maxPerAddress > 0 {
		block := authn.AddressBlock(from)
		wider := authn.WiderBlocks(block)
		full := o.from[block] >= o.maxPerAddress
		for _, w := range wider {
			full = full || o.from[w.Prefix] >= w.Times*o.maxPerAddress
		}
		if full {
			return false
		}
		o.from[block]++
		for _, w := range wider {
			o.from[w.Prefix]++
		}
	}
	o.all++
	return true
}

func (o *openConnections) leave(from netip.Addr) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all--
	if from.IsValid() && o.maxPerAddress > 0 {
		block := authn.AddressBlock(from)
		o.decrement(block)
		for _, w := range authn.WiderBlocks(block) {
			o.decrement(w.Prefix)
		}
	}
}

func (o *openConnections) decrement(block netip.Prefix) {
	if o.from[block]--; o.from[block] == 0 {
		delete(o.from, block)
	}
}

func (o *openConnections) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all
}

// connection is a counted connection. Closing it reduces the count.
type connection struct {
	net.Conn
	server  *Server
	counted netip.Addr
	peer    netip.Addr
	proxied bool // a PROXY header must come first
	begun   bool // it was read from; used by one goroutine at a time
	closed  sync.Once
}

// Close closes the connection and reduces the count.
func (c *connection) Close() error {
	c.closed.Do(func() { c.server.open.leave(c.counted) })
	return c.Conn.Close()
}

// CloseWrite closes the sending side, so that a client that is still sending can read an answer.
func (c *connection) CloseWrite() error {
	raw := c.Conn
	if p, ok := raw.(*proxyproto.Conn); ok {
		raw = p.Raw()
	}
	if half, ok := raw.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// proxySignature begins a PROXY header of version 2.
var proxySignature = []byte("\r\n\r\n\x00\r\nQUIT\n")

// Read reads from the connection. It warns, at most once a minute, about a missing PROXY header,
// and about an unexpected one.
func (c *connection) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.begun {
		return n, err
	}
	c.begun = true
	switch s := c.server; {
	case c.proxied && errors.Is(err, proxyproto.ErrNoProxyProtocol):
		c.warn("connection closed: server.proxy_protocol is set, and the trusted peer sent no PROXY header")
	case c.proxied || n == 0:
	case !bytes.HasPrefix(b[:n], []byte("PROXY ")) && !bytes.HasPrefix(b[:n], proxySignature):
	case s.proxyProtocol:
		c.warn("PROXY header ignored: the peer is not in server.trusted_proxies")
	default:
		c.warn("PROXY header ignored: server.proxy_protocol is not set")
	}
	return n, err
}

func (c *connection) warn(what string) {
	c.server.misproxied.Do(func() { c.server.log.Warn().Str("peer", c.peer.String()).Msg(what) })
}
