package server

// The values of [Config].HSTS: the hosts for which browsers must use HTTPS only (RFC 6797).
const (
	HSTSOff        = "off"        // none; browsers keep what an earlier header said
	HSTSHost       = "host"       // the host of the request
	HSTSSubdomains = "subdomains" // the host of the request and all its subdomains
)

// CheckHSTS returns an error, with text for a person, unless setting is a word for [Config].HSTS.
func CheckHSTS(setting string) error { return oneOf(setting, HSTSOff, HSTSHost, HSTSSubdomains) }

// hstsAge is how long browsers remember the header: two years.
const hstsAge = "max-age=63072000"

// hstsHeader returns the values of Strict-Transport-Security; off has none.
func hstsHeader(setting string) []string {
	switch setting {
	case HSTSHost:
		return []string{hstsAge}
	case HSTSSubdomains:
		return []string{hstsAge + "; includeSubDomains"}
	}
	return nil
}

// hsts sets Strict-Transport-Security on answers over HTTPS, except those of /verify. A proxy
// forwards a refusal of /verify as an answer of the application, and authctl must not set the
// policy of that origin.
func (x *exchange) hsts() {
	if !x.https || x.caller == proxy {
		return
	}
	if values := *x.server.strict.Load(); len(values) > 0 {
		x.Header()["Strict-Transport-Security"] = values
	}
}
