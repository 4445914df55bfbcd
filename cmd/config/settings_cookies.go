package config

// Cookies is how tokens are kept in browsers.
type Cookies struct {
	// auto sets Secure when HTTPS is in use (public_url, or a trusted proxy's word);
	// true or false decides it; false only on localhost without HTTPS, or in development.
	Secure autoBool `key:"secure" default:"auto"`
	// lax, strict, or none for frames on another site (needs secure: true).
	SameSite string `key:"same_site" default:"lax"`
	// Set it to share the cookies with subdomains, such as example.com. Before you change or
	// empty it, name the old one in previous_domains.
	Domain string `key:"domain"`
	// What domain was before, such as [example.com]. Browsers keep those cookies for
	// tokens.refresh_ttl and would send both; whoever gets a new pair loses the old one. Take
	// them out after that time. The cookies of this host alone need no mention.
	PreviousDomains []string `key:"previous_domains" reload:"yes"`
	// Name the cookies __Host-access_token and __Host-refresh_token, which browsers accept
	// over HTTPS from this host only. Best where nothing else reads them by name.
	HostPrefix bool `key:"host_prefix" default:"false"`
}
