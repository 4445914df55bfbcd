package config

import (
	"net/netip"
	"time"
)

// Server is the listeners, and who may call.
type Server struct {
	// The address to listen on, without brackets and port. Set 0.0.0.0 or :: in a container, or
	// behind a proxy on another machine. Also: HOST.
	Host string `key:"host" default:"127.0.0.1"`
	// The port to listen on. 0 lets the system choose one, for tests. Also: PORT.
	Port uint16 `key:"port" default:"8000"`
	// The URL at which browsers reach the service, such as https://login.example.com. Set it in
	// production: an https URL makes the cookies Secure and sends HSTS (see hsts below).
	PublicURL string `key:"public_url"`
	// Other origins whose requests are not refused as cross-origin, such as
	// [https://shop.example.com], because a proxy forwards them to this service. Do not list the
	// origin of the service itself. Scripts of other origins need cors below instead.
	TrustedOrigins []string `key:"trusted_origins" reload:"yes"`
	CORS           CORS     `key:"cors"`
	// Networks of the proxies in front of the service, such as [10.0.0.0/8]; a single address is
	// 10.0.0.5/32. Only these proxies are trusted to state the client's address and HTTPS. List
	// all of them: all users behind a proxy that is not listed share the limits of its address.
	TrustedProxies []netip.Prefix `key:"trusted_proxies"`
	// The header in which they state it: x-forwarded-for (with X-Forwarded-Proto), or forwarded
	// (RFC 7239). The proxy must write this header itself. The other header is ignored.
	ForwardedHeader string `key:"forwarded_header" default:"x-forwarded-for"`
	// Trusted proxies begin each connection with a PROXY header, version 1 or 2. Load balancers
	// that do not speak HTTP do this. A connection of a trusted proxy without the header is
	// closed. Needs trusted_proxies.
	ProxyProtocol bool `key:"proxy_protocol" default:"false"`
	// Maximum number of open connections, in total and from one address (IPv6: from one /64).
	// Further connections are closed. Only the total applies to trusted proxies and loopback
	// addresses.
	MaxConnections           int `key:"max_connections" default:"10000" range:"10..1000000"`
	MaxConnectionsPerAddress int `key:"max_connections_per_address" default:"100"`
	TLS                      TLS `key:"tls"`
	// HSTS: which hosts browsers must reach only by HTTPS, for two years after an answer over
	// HTTPS. off sends no header, and browsers keep what earlier headers said. host is the host of
	// the request. subdomains also covers every host below it: all of them, of all your teams,
	// must serve HTTPS. Answers of /verify never have the header.
	HSTS string `key:"hsts" default:"host" reload:"yes"`
	// The address of the admin listener, where Prometheus finds /metrics. Empty turns it off. It
	// has no authentication: never make it reachable from outside.
	AdminListen string `key:"admin_listen" default:"127.0.0.1:9000"`
	// Host names that requests to the admin listener may use, beside IP addresses and localhost.
	// Set [authctl] when Prometheus scrapes http://authctl:9000. Other names are refused, because
	// a web page can make a browser send requests under the page's own name (DNS rebinding).
	AdminHosts []string `key:"admin_hosts" reload:"yes"`
	// Serve profiles at /debug/pprof of the admin listener. Turn it on only while you search for
	// what uses time or memory: profiles show internals of the process, and taking one costs time.
	AdminProfiles bool `key:"admin_profiles" default:"false" reload:"yes"`
	// How long the server still accepts requests after SIGTERM. Meanwhile /readyz answers 503, so
	// that a load balancer notices before the listener closes. Set it to more than the health
	// checks take to notice: 5s for three checks, one each second.
	DrainDelay time.Duration `key:"drain_delay" default:"0s" range:"0s..10m"`
	// How long pending requests may take to finish after drain_delay.
	ShutdownTimeout time.Duration `key:"shutdown_timeout" default:"15s" range:"1s..10m"`
}

// CORS is which pages of other origins may call.
type CORS struct {
	// Origins whose pages may call the API with fetch and read the answers, with the cookies of
	// their users: [https://shop.example.com], or https://*.example.com for all subdomains. All of
	// these must be yours. Pages of another site also need cookies.same_site: none. Empty turns
	// CORS off.
	AllowedOrigins []string `key:"allowed_origins" reload:"yes"`
}

// TLS is the certificate of the public listener.
type TLS struct {
	// A certificate (followed by those of its issuers) and its private key, in PEM, to serve HTTPS
	// without a proxy. serve reads renewed files within a second.
	CertFile string `key:"cert_file"`
	KeyFile  string `key:"key_file"`
}
