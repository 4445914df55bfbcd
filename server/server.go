// Package server answers the HTTP API. It translates, and decides nothing about
// authentication: a request is decoded strictly by one generic adapter, handed
// to [authn.Service], and the result or error is translated back by one table.
//
// routes.go has the table of routes. middleware.go has what applies to every answer: request
// id, security headers, cross-origin protection, log, panics. net/http itself gives some
// answers before a handler runs, such as 400 for a malformed request line or 431 for oversized
// headers. They are plain text and have none of it.
package server

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/rs/zerolog"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/authn/mail"
	"github.com/authctl/authctl/store"
)

// Config is the configuration of the HTTP layer.
type Config struct {
	PublicURL             string                                     // the origin that browsers see, such as https://auth.example; "" when unknown
	VerifyLink            string                                     // the page that a mailed link to verify an address opens; "" for the built-in one, [VerifyPagePath] below PublicURL
	ResetLink             string                                     // the same for a new password and [ResetPagePath]
	TrustedOrigins        []string                                   // further origins whose pages may change state, as scheme://host[:port]
	AllowedOrigins        []string                                   // origins whose pages may call the API and read the answers (CORS); also https://*.example.com
	Clients               []PublicClient                             // clients that requests may name; AllowedOrigins for their pages too
	TrustedProxies        []netip.Prefix                             // peers whose forwarding headers are used
	ForwardedHeader       string                                     // the forwarding header that they send, HeaderXForwardedFor or HeaderForwarded; "" is the former
	ProxyProtocol         bool                                       // they also send a PROXY header, at the start of each connection
	HSTS                  string                                     // HSTSOff, HSTSHost or HSTSSubdomains; "" is HSTSHost
	Limits                Limits                                     // rate limits of one client address
	MaxConnections        int                                        // max open connections; 0 for no limit
	MaxPerAddress         int                                        // max open connections from one address, except trusted proxies and loopback; 0 for no limit
	CookieSecure          string                                     // auto, true or false; "" is auto
	CookieSameSite        string                                     // lax, strict or none; "" is lax
	CookieDomain          string                                     // "" for host-only cookies
	CookiePreviousDomains []string                                   // former values of CookieDomain, for which browsers may still hold the cookies
	CookieHostPrefix      bool                                       // names the cookies __Host-…; forces Secure, excludes CookieDomain
	AdminHosts            []string                                   // Host names that the admin listener accepts, beside IP addresses and localhost
	AdminProfiles         bool                                       // the admin listener serves /debug/pprof
	DrainDelay            time.Duration                              // how long Run serves on while not ready, before it stops accepting
	ShutdownTimeout       time.Duration                              // how long Run waits for running requests when it stops
	Certificate           func() (certPEM, keyPEM []byte, err error) // reads the TLS certificate, at start and at most once a second; nil for no TLS
	Ready                 func() error                               // a further condition of readiness; its error is logged, not answered; nil for none
	LogRequests           string                                     // LogStartAndFinish, LogFinish or LogOff; "" is LogStartAndFinish
	LogStats              func() LogStats                            // what became of the log, for metrics; nil when it is not known
	Mail                  func() mail.Stats                          // what this process has sent, for metrics; nil when it sends no mail
	Version               string                                     // shown in the build metric
}

// Check returns an error when the configuration contradicts itself. [New] returns the same error.
func (cfg Config) Check() error {
	cfg = cfg.withDefaults()
	_, origins := crossOriginProtection(cfg)
	clients, unknown := newPublicClients(cfg.Clients)
	_, shared := newOrigins(cfg.AllowedOrigins, clients)
	var shown error
	if cfg.Certificate != nil {
		if _, err := newCertificate(cfg.Certificate, zerolog.Nop()); err != nil {
			shown = fmt.Errorf("TLS: %w", err)
		}
	}
	return errors.Join(cfg.CheckCookies().Err(), origins, unknown, shared, cfg.checkHSTS(), shown, cfg.checkProxies())
}

func (cfg Config) checkHSTS() error {
	if err := CheckHSTS(cfg.HSTS); err != nil {
		return fmt.Errorf("server.hsts: %w", err)
	}
	return nil
}

func (cfg Config) checkProxies() error {
	if err := CheckForwardedHeader(cfg.ForwardedHeader); err != nil {
		return fmt.Errorf("server.forwarded_header: %w", err)
	}
	if cfg.ProxyProtocol && len(cfg.TrustedProxies) == 0 {
		return errors.New("server.proxy_protocol takes headers of trusted proxies only, and there are none: set server.trusted_proxies")
	}
	return nil
}

// Server is the HTTP interface of an [authn.Service].
type Server struct {
	authn     *authn.Service
	store     store.Store
	log       zerolog.Logger
	cookies   cookieJar
	elsewhere atomic.Pointer[elsewhere]
	doubled   rate.Sometimes // limits warnings about cookies that came twice
	proxies   []netip.Prefix
	forwarded string
	untrusted rate.Sometimes // limits warnings about ignored forwarding headers
	foreign   rate.Sometimes // limits warnings about requests from other origins
	misnamed  rate.Sometimes // limits warnings about clients that requests name in vain
	limits    atomic.Pointer[limiters]
	crowds    crowds
	crowding  rate.Sometimes // limits warnings about limits that many users share
	clock     func() time.Time

	proxyProtocol bool
	misproxied    rate.Sometimes // limits warnings about missing or unexpected PROXY headers
	open          openConnections

	https      bool // public_url is https
	publicURL  string
	timeouts   timeouts
	drainDelay time.Duration
	shutdown   time.Duration
	ready      func() error
	asking     singleflight.Group // shares queries whether the store is ready
	tls        *certificate       // nil when TLS is off
	draining   atomic.Bool
	lines      atomic.Pointer[requestLines]

	table    []route
	constant constantPaths
	router   *chi.Mux
	allow    map[string]string // path to the value of Allow
	metrics  *metrics
	strict   atomic.Pointer[[]string]     // the values of Strict-Transport-Security
	guarded  atomic.Pointer[http.Handler] // the router behind the cross-origin protection
	handler  http.Handler
	admin    http.Handler
	inside   atomic.Pointer[adminRules]
}

// New returns a server for the service. It uses the store only for readiness and pool figures. It
// fails when the configuration contradicts itself.
func New(cfg Config, svc *authn.Service, st store.Store, log zerolog.Logger) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := errors.Join(cfg.CheckCookies().Err(), cfg.checkProxies()); err != nil {
		return nil, err
	}
	jar := newCookieJar(cfg)
	s := &Server{
		authn:     svc,
		store:     st,
		log:       log,
		cookies:   jar,
		proxies:   cfg.TrustedProxies,
		forwarded: cfg.ForwardedHeader,
		untrusted: rate.Sometimes{Interval: time.Minute},
		doubled:   rate.Sometimes{Interval: time.Minute},
		foreign:   rate.Sometimes{Interval: time.Minute},
		misnamed:  rate.Sometimes{Interval: time.Minute},
		crowding:  rate.Sometimes{Interval: time.Minute},
		clock:     time.Now,

		proxyProtocol: cfg.ProxyProtocol,
		misproxied:    rate.Sometimes{Interval: time.Minute},
		open:          openConnections{max: cfg.MaxConnections, maxPerAddress: cfg.MaxPerAddress, from: map[netip.Prefix]int{}},

		https:      jar.publicHTTPS,
		publicURL:  cfg.PublicURL,
		timeouts:   defaultTimeouts,
		drainDelay: cfg.DrainDelay,
		shutdown:   cfg.ShutdownTimeout,
		ready:      cfg.Ready,
		metrics:    newMetrics(cfg.Version, svc, st),
	}
	if cfg.Certificate != nil {
		var err error
		if s.tls, err = newCertificate(cfg.Certificate, log); err != nil {
			return nil, fmt.Errorf("TLS: %w", err)
		}
		s.metrics.showCertificate(s.tls)
	}
	s.metrics.showConnections(&s.open)
	if cfg.LogStats != nil {
		s.metrics.showLog(cfg.LogStats)
	}
	if cfg.Mail != nil {
		s.metrics.showMail(cfg.Mail, st)
	}
	s.table = s.routes(cfg)
	for _, r := range s.table {
		if r.class != unlimited {
			s.metrics.limited.WithLabelValues(r.class)
		}
	}
	s.router, s.allow = s.newRouter()
	s.constant = indexConstantPaths(s.table)
	if err := s.Reconfigure(cfg); err != nil {
		return nil, err
	}
	s.handler = s.observe(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { (*s.guarded.Load()).ServeHTTP(w, r) }))
	s.admin = adminRoutes(s.metrics, &s.inside)
	return s, nil
}

// Reconfigure applies the reloadable fields of cfg while the server runs: trusted and allowed
// origins, clients, HSTS, previous cookie domains, limits, the lines of requests in the log, and the rules of
// the admin listener. It ignores all other fields. When one of them is invalid it returns an error and changes nothing.
func (s *Server) Reconfigure(cfg Config) error {
	protection, err := crossOriginProtection(cfg)
	if err != nil {
		return err
	}
	clients, err := newPublicClients(cfg.Clients)
	if err != nil {
		return err
	}
	shared, err := newOrigins(cfg.AllowedOrigins, clients)
	if err != nil {
		return err
	}
	cfg = cfg.withDefaults()
	cfg.CookieDomain = s.cookies.domain // which does not change
	if err := errors.Join(cfg.checkHSTS(), CookieErrors{PreviousDomains: cfg.checkPreviousDomains()}.Err()); err != nil {
		return err
	}
	strict, elsewhere := hstsHeader(cfg.HSTS), newElsewhere(cfg, &s.cookies)
	for _, r := range s.table {
		if r.caller == proxy {
			protection.AddInsecureBypassPattern(strings.TrimSuffix(r.path, "*"))
		}
	}
	protection.SetDenyHandler(http.HandlerFunc(s.crossOrigin))
	limited := s.limit(s.naming(clients, http.HandlerFunc(s.dispatch))) // requests that the protection refuses do not count
	guarded := s.notePreflights(shared, s.share(shared, clients, limited, protection.Handler(limited)))
	relimit(&s.limits, cfg.Limits)
	s.lines.Store(newRequestLines(cfg.LogRequests))
	s.inside.Store(&adminRules{cfg.AdminHosts, cfg.AdminProfiles})
	s.strict.Store(&strict)
	s.elsewhere.Store(elsewhere)
	s.guarded.Store(&guarded)
	return nil
}

// Handler returns the handler of the public API.
func (s *Server) Handler() http.Handler { return s.handler }

// AdminHandler returns the handler of /metrics and, if enabled, of the profiles in /debug/pprof. It
// must not be reachable by the public.
func (s *Server) AdminHandler() http.Handler { return s.admin }

// crossOriginProtection returns a protection that trusts the configured origins and that of the
// public URL. The latter is needed because a proxy may rewrite Host, so that Host and Origin
// differ.
func crossOriginProtection(cfg Config) (*http.CrossOriginProtection, error) {
	p := http.NewCrossOriginProtection()
	origins := cfg.TrustedOrigins
	if cfg.PublicURL != "" {
		origin, err := originOf(cfg.PublicURL)
		if err != nil {
			return nil, fmt.Errorf("public URL: %w", err)
		}
		origins = append([]string{origin}, origins...)
	}
	for _, origin := range origins {
		if err := p.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("trusted origin: %w", err)
		}
	}
	return p, nil
}

// originOf returns the origin of a URL as browsers write it: without a default
// port (RFC 6454, section 6.2).
func originOf(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", err
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return "", errors.New("must be http://host or https://host")
	}
	host := u.Host
	if u.Scheme == "http" && u.Port() == "80" || u.Scheme == "https" && u.Port() == "443" {
		host, _, _ = net.SplitHostPort(u.Host)
	}
	return u.Scheme + "://" + host, nil
}
