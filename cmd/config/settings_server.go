package config

import (
	"net/netip"
	"time"
)

// Server is the listeners, and who may call.
type Server struct {
	// The address to listen on, without brackets and port. 0.0.0.0 or :: in a container or
	// behind a proxy on another machine. Also: HOST.
	Host string `key:"host" default:"127.0.0.1"`
	// 0 lets the system choose one, for tests. Also: PORT.
	Port uint16 `key:"port" default:"8000"`
	// Where browsers reach the service, such as https://login.example.com. Set it in
	// production: an https URL makes the cookies Secure and sends HSTS
	// (see hsts below).
	PublicURL string `key:"public_url"`
	// Other origins whose requests are not refused as cross-origin, such as
	// [https://shop.example.com], because a proxy brings them here; the service's own need
	// not be named. Scripts of other origins need cors below instead.
	TrustedOrigins []string `key:"trusted_origins" reload:"yes"`
	CORS           CORS     `key:"cors"`
	// Networks of the proxies in front of the service, such as [10.0.0.0/8]. Only their
	// word is taken for the client's address and for HTTPS. Name them all: the users of one that
	// is left out share the limits of its address. A single one is 10.0.0.5/32.
	TrustedProxies []netip.Prefix `key:"trusted_proxies"`
	// Where they say it: x-forwarded-for (with X-Forwarded-Proto), or forwarded (RFC 7239). The
	// proxy must write this header itself; the other one is not looked at.
	ForwardedHeader string `key:"forwarded_header" default:"x-forwarded-for"`
	// Trusted peers begin each connection with a PROXY header, version 1 or 2, as load balancers
	// do that do not speak HTTP. Theirs are then closed without one. Needs trusted_proxies.
	ProxyProtocol bool `key:"proxy_protocol" default:"false"`
	// Connections that may be open at once, in all and from one address (IPv6: from one /64);
	// further ones are closed. Trusted proxies and loopback addresses have only the former.
	MaxConnections           int `key:"max_connections" default:"10000" range:"10..1000000"`
	MaxConnectionsPerAddress int `key:"max_connections_per_address" default:"100"`
	TLS                      TLS `key:"tls"`
	// Which hosts an answer over HTTPS tells browsers to reach by HTTPS only, for two years (HSTS):
	// off, host (the one of the request), or subdomains (every host below it as well: all of them,
	// of all your teams, must speak HTTPS). Answers of /verify never do. off tells nothing, and
	// browsers keep what they were told before.
	HSTS string `key:"hsts" default:"host" reload:"yes"`
	// Where Prometheus finds /metrics. Empty turns it off. It has no login: never make it
	// reachable from outside.
	AdminListen string `key:"admin_listen" default:"127.0.0.1:9000"`
	// Names by which it may be asked, beside IP addresses and localhost, such as [authctl] where
	// Prometheus scrapes http://authctl:9000. Others are refused: a page can have a browser ask
	// by a name of its own.
	AdminHosts []string `key:"admin_hosts" reload:"yes"`
	// Serve profiles at /debug/pprof there as well. Turn it on while you look for what takes
	// time or memory: they show how the process works, and making one takes time.
	AdminProfiles bool `key:"admin_profiles" default:"false" reload:"yes"`
	// How long the server serves on after SIGTERM while /readyz answers 503, so that what sends
	// requests here notices before the listener closes. Set it behind a load balancer, to more
	// than its health checks take to notice (5s where they come each second and count to three).
	DrainDelay time.Duration `key:"drain_delay" default:"0s" range:"0s..10m"`
	// How long requests under way may take to finish, after that.
	ShutdownTimeout time.Duration `key:"shutdown_timeout" default:"15s" range:"1s..10m"`
}

// CORS is which pages of other origins may call.
type CORS struct {
	// Origins whose pages may call the API with fetch and read the answers, with their
	// users' cookies: [https://shop.example.com], or https://*.example.com for whatever is
	// below, all of which must be yours. Pages of another site also need
	// cookies.same_site: none. Empty turns CORS off.
	AllowedOrigins []string `key:"allowed_origins" reload:"yes"`
}

// TLS is the certificate of the public listener.
type TLS struct {
	// A certificate (with those of its issuers below it) and its private key, in PEM, to
	// speak HTTPS without a proxy. Renewed files are taken over within a second.
	CertFile string `key:"cert_file"`
	KeyFile  string `key:"key_file"`
}
