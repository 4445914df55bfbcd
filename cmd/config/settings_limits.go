package config

import "time"

// Limits is what slows down whoever guesses passwords.
type Limits struct {
	// false turns all of these limits off, for a load test. The hashing budget stays.
	Enabled bool `key:"enabled" default:"true" reload:"yes"`
	// Requests from one address to one server. 30/5m burst 10 allows 30 requests each 5 minutes,
	// spread evenly, and 10 at once after a pause; without a burst, 30 at once. Further requests
	// get 429. IPv6 addresses count by /64; a /56 may make 8 and a /48 16 times as many requests.
	// Raise them when many users share an address, such as that of an application that calls the
	// API for its users.
	Address AddressLimits `key:"address"`
	// Failed sign-ins to one account, on all servers together. Accounts that do not exist count
	// too.
	Account AccountLimits `key:"account"`
	// Failed sign-ins to all accounts from all addresses, on all servers together, within the
	// given time. When the limit is reached, an account can sign in only from addresses from which
	// it has signed in within 30 days. Everybody else gets 429 until the time is over. Raise it if
	// you have so many users that more of them mistype.
	Installation InstallationLimits `key:"installation"`
}

// AddressLimits is of requests from one address.
type AddressLimits struct {
	// Sign-ins, password changes, and deletions of one's own account.
	Login    requestRate `key:"login" default:"30/5m burst 10" reload:"yes"`
	Register requestRate `key:"register" default:"5/1h burst 20" reload:"yes"`
	Refresh  requestRate `key:"refresh" default:"150/5m" reload:"yes"`
	// Requests that send a mailed link, or use one up.
	Mail requestRate `key:"mail" default:"10/1m" reload:"yes"`
	// Requests for tokens of service accounts, except those with a secret that was good from this
	// address within a day. So programs with an old secret do not stop those with the new one.
	Token requestRate `key:"token" default:"300/5m burst 100" reload:"yes"`
	// The public keys and the other documents below /.well-known/. Some verifiers fetch the keys
	// for each request that they get.
	Keys requestRate `key:"keys" default:"60000/1m burst 10000" reload:"yes"`
	// All other requests. /verify and the health checks have no limit.
	Other requestRate `key:"other" default:"6000/1m burst 1000" reload:"yes"`
}

// AccountLimits is of failed sign-ins to one account.
type AccountLimits struct {
	// Failures from one address without a delay; then 1s, doubling up to max_delay.
	FreeFailures int           `key:"free_failures" default:"5" reload:"yes"`
	MaxDelay     time.Duration `key:"max_delay" default:"15m" reload:"yes"`
	// The same from all addresses together, except those from which the account has signed in
	// within 30 days. A long delay here would let strangers lock users out.
	FreeFailuresAnywhere int           `key:"free_failures_anywhere" default:"20" reload:"yes"`
	MaxDelayAnywhere     time.Duration `key:"max_delay_anywhere" default:"1m" reload:"yes"`
	// Failures in a row that disable the password, until "authctl user unlock" or a new password
	// (NIST SP 800-63B-4).
	DisablePasswordAfter int `key:"disable_password_after" default:"100" reload:"yes"`
}

// InstallationLimits is of failed sign-ins to all accounts together.
type InstallationLimits struct {
	Failures requestRate `key:"failures" default:"3000/5m" reload:"yes"`
}
