package config

import "time"

// Limits is what slows down whoever guesses passwords.
type Limits struct {
	// false turns all of them off, for a load test. Passwords keep their hashing budget.
	Enabled bool `key:"enabled" default:"true" reload:"yes"`
	// Requests from one address (IPv6: from one /64; a /56 has 8, a /48 16 times as many) to one
	// server: so many each so long, spread evenly, and so many at once after a pause (if left out,
	// as many). More comes back with 429.
	// Raise them when many users share an address, as behind an application that calls for them.
	Address AddressLimits `key:"address"`
	// Failed sign-ins to one account, also to one that does not exist, on all servers together.
	Account AccountLimits `key:"account"`
	// Failed sign-ins to all accounts from all addresses, on all servers together: so many within
	// each such time. Beyond it an account may sign in only from where it has within 30 days,
	// and everybody else gets 429 until the time is over. Raise it when you have so many users
	// that more than that mistype.
	Installation InstallationLimits `key:"installation"`
}

// AddressLimits is of requests from one address.
type AddressLimits struct {
	Login    requestRate `key:"login" default:"30/5m burst 10" reload:"yes"`
	Register requestRate `key:"register" default:"5/1h burst 20" reload:"yes"`
	Refresh  requestRate `key:"refresh" default:"150/5m" reload:"yes"`
	// Everything but /verify and the health checks, which have no limit.
	Other requestRate `key:"other" default:"6000/1m burst 1000" reload:"yes"`
}

// AccountLimits is of failed sign-ins to one account.
type AccountLimits struct {
	// Failures from one address without a delay; then 1s, doubling up to max_delay.
	FreeFailures int           `key:"free_failures" default:"5" reload:"yes"`
	MaxDelay     time.Duration `key:"max_delay" default:"15m" reload:"yes"`
	// The same from all addresses together, but for those from which the account has signed in
	// within 30 days. A long delay here would let strangers lock people out.
	FreeFailuresAnywhere int           `key:"free_failures_anywhere" default:"20" reload:"yes"`
	MaxDelayAnywhere     time.Duration `key:"max_delay_anywhere" default:"1m" reload:"yes"`
	// Failures in a row that disable the password until "authctl user unlock" or a new one
	// (NIST SP 800-63B-4).
	DisablePasswordAfter int `key:"disable_password_after" default:"100" reload:"yes"`
}

// InstallationLimits is of failed sign-ins to all accounts together.
type InstallationLimits struct {
	Failures requestRate `key:"failures" default:"3000/5m" reload:"yes"`
}
