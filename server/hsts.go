package server

import (
	"fmt"
)

// The values of [Config].HSTS: the hosts for which browsers must use HTTPS only (RFC 6797).
const (
	HSTSOff        = "off"        // none; browsers keep what an earlier header said
	HSTSHost       = "host"       // the host of the request
	HSTSSubdomains = "subdomains" // the host of the request and all its subdomains
)

// hstsAge is how long browsers remember the header: two years.
const hstsAge = "max-age=63072000"

// hstsHeader returns the values of Strict-Transport-Security; off has none.
func hstsHeader(setting string) ([]string, error) {
	switch setting {
	case HSTSOff:
		return nil, nil
	case HSTSHost, "":
		return []string{hstsAge}, nil
	case HSTSSubdomains:
		return []string{hstsAge + "; includeSubDomains"}, nil
	}
	return nil, fmt.Errorf("server.hsts must be %s, %s or %s, not %q", HSTSOff, HSTSHost, HSTSSubdomains, setting)
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
