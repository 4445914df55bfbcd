package server

import (
	"fmt"
)

// The values of [Config].HSTS: for which hosts browsers are told to use HTTPS only (RFC 6797).
const (
	HSTSOff        = "off"        // none; browsers keep what they were told before
	HSTSHost       = "host"       // the host of the request
	HSTSSubdomains = "subdomains" // and every host below it
)

// hstsAge is how long browsers keep it: two years.
const hstsAge = "max-age=63072000"

// hstsHeader returns the values of Strict-Transport-Security, none for off.
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

// hsts sets Strict-Transport-Security on what is answered over HTTPS. A proxy passes a refusal
// of /verify on to the browser as an answer of the application's origin, about which authctl has
// nothing to say.
func (x *exchange) hsts() {
	if !x.https || x.caller == proxy {
		return
	}
	if values := *x.server.strict.Load(); len(values) > 0 {
		x.Header()["Strict-Transport-Security"] = values
	}
}
