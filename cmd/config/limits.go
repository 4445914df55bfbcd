package config

import (
	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
)

// requests returns the limits of addresses for the server.
func (l Limits) requests() server.Limits {
	if !l.Enabled {
		return server.Limits{}
	}
	a := l.Address
	return server.Limits{Login: server.Rate(a.Login), Register: server.Rate(a.Register), Refresh: server.Rate(a.Refresh), Other: server.Rate(a.Other)}
}

// accounts returns the limits of accounts for the service.
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

// validateLimits reports wrong limits, also while the limits are off. A wrong limit would otherwise
// fail when somebody turns the limits on.
func (l *Loaded) validateLimits(bad *Faults) {
	a := l.Limits.Account
	within(bad, "limits.account.max_delay", a.MaxDelay, authn.MinDelayCap, authn.MaxDelayCap)
	within(bad, "limits.account.max_delay_anywhere", a.MaxDelayAnywhere, authn.MinDelayCap, authn.MaxDelayCapAnywhere)
	if all := l.Limits.Installation.Failures; all.Count > 0 && (all.Per > authn.MaxCeilingPeriod || all.Burst != all.Count) {
		bad.Add("limits.installation.failures", "must be failures per 1s to 1h, such as 3000/5m, without a burst, not %s", all)
	}
	free, anywhere, disable := a.FreeFailures, a.FreeFailuresAnywhere, a.DisablePasswordAfter
	if free < 1 || free > authn.MaxFree {
		bad.Add("limits.account.free_failures", "must be 1 to %d, not %d; limits.enabled: false turns limits off", authn.MaxFree, free)
		return
	}
	if anywhere < free || anywhere > authn.MaxFreeAnywhere {
		bad.Add("limits.account.free_failures_anywhere", "must be limits.account.free_failures (%d) to %d, not %d", free, authn.MaxFreeAnywhere, anywhere)
	}
	if disable != 0 && (disable < free || disable > authn.MaxDisableAfter) {
		bad.Add("limits.account.disable_password_after", "must be 0 for never, or limits.account.free_failures (%d) to %d, not %d", free, authn.MaxDisableAfter, disable)
	}
}
