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

// adminRules is what can change of the admin listener while it serves.
type adminRules struct {
	hosts    []string // names, beside addresses and localhost, by which it may be asked
	profiles bool
}

// adminRoutes is every route of the admin listener. It asks nobody who they are:
// whoever reaches the listener may see how the process works, but for pages that make a
// browser reach it.
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
		case !rules.Load().knows(r.Host): // as when a stranger's name was made to lead here (DNS rebinding)
			http.Error(w, "ask by an IP address, by localhost, or by a name in server.admin_hosts", http.StatusMisdirectedRequest)
		case fromAnotherSite(r):
			http.Error(w, "pages of other origins may not ask", http.StatusForbidden)
		default:
			mux.ServeHTTP(w, r)
		}
	})
}

// knows reports whether a Host header is one that the listener may be asked by.
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

// fromAnotherSite reports whether a browser says that a page of another origin asks (W3C Fetch
// Metadata, Sec-Fetch-Site). Programs that are no browser do not send it.
func fromAnotherSite(r *http.Request) bool {
	return slices.ContainsFunc(r.Header.Values("Sec-Fetch-Site"), func(site string) bool { return site != "none" && site != "same-origin" })
}

// CheckAdminHost returns an error for what is no host name, as [Config] has it in AdminHosts.
func CheckAdminHost(host string) error {
	if host == "" || strings.ContainsAny(host, "/:@*[] ,") {
		return errors.New("must be a host name as in the Host header, without scheme and port")
	}
	return nil
}
