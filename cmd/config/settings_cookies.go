package config

// Cookies is how tokens are kept in browsers.
type Cookies struct {
	// auto sets Secure when HTTPS is in use, according to public_url or a trusted proxy. true
	// always sets it, false never. false is accepted only on localhost without HTTPS, or in
	// development.
	Secure autoBool `key:"secure" default:"auto"`
	// lax, strict, or none for frames on another site (needs secure: true).
	SameSite string `key:"same_site" default:"lax"`
	// The Domain of the cookies, such as example.com. Set it to share the cookies with subdomains.
	// Before you change or empty it, add the old domain to previous_domains.
	Domain string `key:"domain"`
	// Earlier values of domain, such as [example.com]. Browsers keep cookies of an earlier domain
	// for tokens.refresh_ttl and would send both; a user who gets new cookies loses the earlier
	// ones. Remove the entries after that time. Cookies without a domain need no entry.
	PreviousDomains []string `key:"previous_domains" reload:"yes"`
	// Name the cookies __Host-access_token and __Host-refresh_token. Browsers accept such cookies
	// only over HTTPS and only from this host. Set it if nothing else reads the cookies by name.
	HostPrefix bool `key:"host_prefix" default:"false"`
}
