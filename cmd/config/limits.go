package config

import (
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
)

// requests is the limits of addresses, as the server takes them.
func (l Limits) requests() server.Limits {
	if !l.Enabled {
		return server.Limits{}
	}
	a := l.Address
	return server.Limits{Login: server.Rate(a.Login), Register: server.Rate(a.Register), Refresh: server.Rate(a.Refresh), Other: server.Rate(a.Other)}
}

// accounts is the limits of accounts, as the service takes them.
func (l Limits) accounts() authn.AccountLimits {
	if !l.Enabled {
		return authn.AccountLimits{}
	}
	a := l.Account
	return authn.AccountLimits{
		Free: a.FreeFailures, MaxDelay: a.MaxDelay, FreeAnywhere: a.FreeFailuresAnywhere, MaxAnywhere: a.MaxDelayAnywhere,
		DisableAfter: a.DisablePasswordAfter, Ceiling: l.Installation.Failures.Count, CeilingPer: l.Installation.Failures.Per,
	}
}

// validateLimits also looks at limits that are off, which would otherwise fail when they are needed.
func (l *Loaded) validateLimits(bad *Faults) {
	a := l.Limits.Account
	if all := l.Limits.Installation.Failures; all.Count > 0 && (all.Per > time.Hour || all.Burst != all.Count) {
		bad.Add("limits.installation.failures", "must be failures per 1s to 1h, such as 3000/5m, without a burst, not %s", all)
	}
	free, anywhere, disable := a.FreeFailures, a.FreeFailuresAnywhere, a.DisablePasswordAfter
	if free < 1 || free > 100 {
		bad.Add("limits.account.free_failures", "must be 1 to 100, not %d; limits.enabled: false turns limits off", free)
		return
	}
	if anywhere < free || anywhere > 1000 {
		bad.Add("limits.account.free_failures_anywhere", "must be limits.account.free_failures (%d) to 1000, not %d", free, anywhere)
	}
	if disable != 0 && (disable < free || disable > 100) {
		bad.Add("limits.account.disable_password_after", "must be 0 for never, or limits.account.free_failures (%d) to 100, not %d", free, disable)
	}
}

func (l *Loaded) validateProxies(bad *Faults) {
	s := l.Server
	for i, p := range s.TrustedProxies {
		unmapped, err := authn.UnmapNetwork(p)
		if err != nil {
			bad.Add("server.trusted_proxies", "%s: %v", p, err)
			continue
		}
		s.TrustedProxies[i], p = unmapped, unmapped
		if p.Bits() == 0 {
			bad.Add("server.trusted_proxies", "%s trusts everybody, name the proxies' own network", p)
		}
	}
	oneOf(bad, "server.forwarded_header", s.ForwardedHeader, server.HeaderXForwardedFor, server.HeaderForwarded)
	if s.MaxConnectionsPerAddress < 1 || s.MaxConnectionsPerAddress > s.MaxConnections {
		bad.Add("server.max_connections_per_address", "must be 1 to server.max_connections (%d), not %d", s.MaxConnections, s.MaxConnectionsPerAddress)
	}
}
