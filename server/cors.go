package server

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/rs/cors"
)

// preflightMaxAge is how long browsers may cache the answer to a preflight. It is Chromium's max.
const preflightMaxAge = 7200 // seconds

// origins is the list of origins whose pages may call this server.
type origins struct {
	exact      map[string]bool // with their users' cookies
	below      []subdomains    // with their users' cookies
	cookieless map[string]bool // without cookies: origins of native clients, and of nobody else
}

// subdomains is an origin with a wildcard: https://*.example.com.
type subdomains struct{ scheme, suffix string }

// newOrigins parses a list of origins. It fails when an item is not an origin as browsers write it;
// the first label may be a wildcard. It adds the origins of clients.
func newOrigins(list []string, clients publicClients) (origins, error) {
	o := origins{exact: map[string]bool{}, cookieless: map[string]bool{}}
	for _, item := range list {
		if err := CheckAllowedOrigin(item); err != nil {
			return o, fmt.Errorf("allowed origin %q: %w", item, err)
		}
		if scheme, rest, wild := strings.Cut(item, "://*."); wild {
			o.below = append(o.below, subdomains{scheme + "://", "." + rest})
			continue
		}
		o.exact[item] = true
	}
	for _, c := range clients {
		for origin := range c.origins {
			if c.native {
				o.cookieless[origin] = true
			} else {
				o.exact[origin] = true
			}
		}
	}
	maps.DeleteFunc(o.cookieless, func(origin string, _ bool) bool { return o.withCookies(origin) })
	return o, nil
}

// none reports whether the list is empty.
func (o origins) none() bool { return len(o.exact)+len(o.below)+len(o.cookieless) == 0 }

// CheckOrigin returns an error, with text for a person, unless origin is a trustworthy origin as
// browsers write it: one with HTTPS, or one on this machine.
func CheckOrigin(origin string) error {
	u, err := url.Parse(origin)
	if err == nil && u.Host != "" && u.Scheme+"://"+u.Host == origin && strings.ToLower(origin) == origin && !strings.Contains(origin, "*") &&
		!(u.Scheme == "https" && u.Port() == "443") && !(u.Scheme == "http" && u.Port() == "80") &&
		(u.Scheme == "https" || (u.Scheme == "http" && IsLoopback(u.Hostname()))) {
		return nil
	}
	return errors.New("must be https://host[:port] as browsers write it: lower case, no default port, nothing more (http only for localhost)")
}

// IsLoopback reports whether a host, given as name or address, is this machine: localhost or a
// loopback address.
func IsLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && addr.IsLoopback())
}

// CheckAllowedOrigin is CheckClientOrigin that also accepts https://*.example.com. The wildcard needs
// at least two labels after it. Public suffixes (co.uk) are not known here.
func CheckAllowedOrigin(item string) error {
	scheme, rest, wild := strings.Cut(item, "://*.")
	if !wild {
		return CheckClientOrigin(item)
	}
	if scheme != "https" || !strings.Contains(strings.Trim(rest, "."), ".") {
		return errors.New("must have a domain of its own below the wildcard, as in https://*.example.com")
	}
	return CheckOrigin(scheme + "://" + rest)
}

// allows reports whether the request's Origin is in the list.
func (o origins) allows(r *http.Request) bool {
	values := r.Header["Origin"]
	return len(values) == 1 && (o.cookieless[values[0]] || o.withCookies(values[0]))
}

// allowsCookieless reports whether the request's Origin is in the list, but may not use cookies.
func (o origins) allowsCookieless(r *http.Request) bool {
	values := r.Header["Origin"]
	return len(values) == 1 && o.cookieless[values[0]]
}

// withCookies reports whether pages of an origin may use cookies.
func (o origins) withCookies(origin string) bool {
	if o.exact[origin] {
		return true
	}
	for _, b := range o.below {
		host, ok := strings.CutPrefix(origin, b.scheme)
		if label, below := strings.CutSuffix(host, b.suffix); ok && below && isLabels(label) {
			return true
		}
	}
	return false
}

// isLabels reports whether s is one or more labels of a host name.
func isLabels(s string) bool {
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}

// share is the CORS layer: it lets pages of the allowed origins read the answers, and send cookies
// unless their origin is only that of a native client. Their requests skip the cross-origin
// protection. A preflight at /verify goes to the router, because a proxy asks there whether the
// preflight may pass.
func (s *Server) share(o origins, clients publicClients, router, protected http.Handler) http.Handler {
	if o.none() {
		return protected
	}
	guarded := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if o.allows(r) {
			router.ServeHTTP(w, r)
			return
		}
		protected.ServeHTTP(w, r)
	})
	headers := []string{"Content-Type", "Authorization", "X-Request-Id"}
	if len(clients) > 0 {
		headers = append(headers, clientHeader)
	}
	options := cors.Options{
		AllowOriginVaryRequestFunc: func(r *http.Request, _ string) (bool, []string) { return o.allows(r), nil },
		AllowedMethods:             corsMethods(s.table),
		AllowedHeaders:             headers,
		ExposedHeaders:             []string{"X-Request-Id", "Retry-After"},
		MaxAge:                     preflightMaxAge,
	}
	cookieless := cors.New(options).Handler(guarded)
	options.AllowCredentials = true
	shared := cors.New(options).Handler(guarded)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case w.(*exchange).caller == proxy:
			protected.ServeHTTP(w, r)
		case o.allowsCookieless(r):
			delete(r.Header, "Cookie") // a request without a preflight may carry them
			cookieless.ServeHTTP(w, r)
		default:
			shared.ServeHTTP(w, r)
		}
	})
}
