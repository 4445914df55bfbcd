package server

import (
	"errors"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// adminRules is the part of the admin listener's configuration that can change while it serves.
type adminRules struct {
	hosts    []string // Host names that it accepts, beside IP addresses and localhost
	profiles bool
}

// adminRoutes returns every route of the admin listener. It authenticates nobody: whoever can
// connect may inspect the process. It refuses only requests that a web page makes a browser send.
func adminRoutes(m *metrics, rules *atomic.Pointer[adminRules]) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	for pattern, profile := range map[string]http.HandlerFunc{
		"GET /debug/pprof/":        pprof.Index,
		"GET /debug/pprof/cmdline": pprof.Cmdline,
		"GET /debug/pprof/profile": pprof.Profile,
		"GET /debug/pprof/symbol":  pprof.Symbol,
		"POST /debug/pprof/symbol": pprof.Symbol,
		"GET /debug/pprof/trace":   pprof.Trace,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if !rules.Load().profiles {
				http.Error(w, "profiles are turned off: server.admin_profiles", http.StatusNotFound)
				return
			}
			profile(w, r)
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		switch {
		case !rules.Load().knows(r.Host): // such as a name that an attacker's DNS points here (DNS rebinding)
			http.Error(w, "use an IP address, localhost, or a name in server.admin_hosts", http.StatusMisdirectedRequest)
		case fromAnotherSite(r):
			http.Error(w, "pages of other origins may not make this request", http.StatusForbidden)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// knows reports whether the listener accepts a Host header.
func (a *adminRules) knows(host string) bool {
	if _, err := netip.ParseAddrPort(host); err == nil {
		return true
	}
	if _, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")); err == nil {
		return true
	}
	name, _, _ := strings.Cut(host, ":")
	return strings.EqualFold(name, "localhost") || slices.ContainsFunc(a.hosts, func(h string) bool { return strings.EqualFold(name, h) })
}

// fromAnotherSite reports whether a page of another origin makes the request, by the browser's
// Sec-Fetch-Site header (W3C Fetch Metadata). Programs other than browsers do not send it.
func fromAnotherSite(r *http.Request) bool {
	return slices.ContainsFunc(r.Header.Values("Sec-Fetch-Site"), func(site string) bool { return site != "none" && site != "same-origin" })
}

// CheckAdminHost returns an error unless host is a valid host name for [Config].AdminHosts.
func CheckAdminHost(host string) error {
	if host == "" || strings.ContainsAny(host, "/:@*[] ,") {
		return errors.New("must be a host name as in the Host header, without scheme and port")
	}
	return nil
}
