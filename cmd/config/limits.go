package config

import (
	"fmt"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
)

// requests returns the limits of addresses for the server.
func (l Limits) requests() server.Limits {
	if !l.Enabled {
		return server.Limits{}
	}
	a := l.Address
	return server.Limits{
		Login: server.Rate(a.Login), Register: server.Rate(a.Register), Refresh: server.Rate(a.Refresh),
		Mail: server.Rate(a.Mail), Token: server.Rate(a.Token), Keys: server.Rate(a.Keys), Other: server.Rate(a.Other),
	}
}

// accounts returns the limits of accounts for the service.
func (l Limits) accounts() authn.AccountLimits {
	if !l.Enabled {
		return authn.AccountLimits{}
	}
	return l.declaredAccounts()
}

// declaredAccounts returns the limits of accounts, whether or not limits are on.
func (l Limits) declaredAccounts() authn.AccountLimits {
	a := l.Account
	return authn.AccountLimits{
		Free: a.FreeFailures, MaxDelay: a.MaxDelay, FreeAnywhere: a.FreeFailuresAnywhere, MaxAnywhere: a.MaxDelayAnywhere,
		DisableAfter: a.DisablePasswordAfter, Ceiling: l.Installation.Failures.Count, CeilingPer: l.Installation.Failures.Per,
	}
}

// validateLimits reports wrong limits, also while the limits are off. A wrong limit would otherwise
// fail when somebody turns the limits on.
func (l *Loaded) validateLimits(bad *Faults) {
	wrong := l.Limits.declaredAccounts().Check()
	if wrong.Free != nil {
		wrong.Free = fmt.Errorf("%w; limits.enabled: false turns limits off", wrong.Free)
	}
	bad.AddError("limits.account.free_failures", wrong.Free)
	bad.AddError("limits.account.max_delay", wrong.MaxDelay)
	bad.AddError("limits.account.free_failures_anywhere", wrong.FreeAnywhere)
	bad.AddError("limits.account.max_delay_anywhere", wrong.MaxAnywhere)
	bad.AddError("limits.account.disable_password_after", wrong.DisableAfter)
	bad.AddError("limits.installation.failures", wrong.Ceiling)
	if all := l.Limits.Installation.Failures; all.Burst != all.Count {
		bad.Add("limits.installation.failures", "must be without a burst, such as 3000/5m, not %s", all)
	}
}
