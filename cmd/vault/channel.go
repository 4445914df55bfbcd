package vault

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/hashicorp/vault/api"
)

// errUnverified refuses a client that does not verify the certificate of its server.
var errUnverified = errors.New("VAULT_SKIP_VERIFY turns the verification of Vault's certificate off, so that anybody in between could read the secrets: " +
	"set VAULT_CACERT instead, or vault.insecure: true if that network is yours alone")

// secureChannel fails when others on the network could read the token and the secrets. It also makes
// the client refuse any later request that others could read, such as after a redirect.
func secureChannel(conf *api.Config, address string) error {
	transport, ok := conf.HttpClient.Transport.(*http.Transport)
	if !ok {
		return fmt.Errorf("vault: requests go through a %T", conf.HttpClient.Transport)
	}
	if c := transport.TLSClientConfig; c != nil && c.InsecureSkipVerify {
		return errUnverified
	}
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	if err := checkClear(u); err != nil {
		return err
	}
	proxyOf := transport.Proxy
	transport.Proxy = func(r *http.Request) (*url.URL, error) {
		if err := checkClear(r.URL); err != nil || proxyOf == nil {
			return nil, err
		}
		proxy, err := proxyOf(r)
		if err == nil && proxy != nil && r.URL.Scheme == "http" {
			err = checkClear(&url.URL{Scheme: "http", Host: proxy.Host})
		}
		return proxy, err
	}
	return nil
}

// checkClear fails with [inClearError] for plain HTTP to another machine. The client calls a Unix
// socket http://localhost.
func checkClear(u *url.URL) error {
	if u.Scheme != "http" || loopback(u.Hostname()) {
		return nil
	}
	return inClearError(u.Host)
}

// inClearError refuses a request over plain HTTP to the host that it holds.
type inClearError string

func (host inClearError) Error() string {
	return fmt.Sprintf("http://%s is plain HTTP to another machine, so that anybody in between could read the token and the secrets: "+
		"use https in VAULT_ADDR, or set vault.insecure: true if that network is yours alone", string(host))
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && addr.Unmap().IsLoopback())
}
