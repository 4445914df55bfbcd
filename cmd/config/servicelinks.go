package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// serviceLinks are the variables that Kubernetes gives each pod for every Service of its namespace,
// unless the pod says enableServiceLinks: false. Their names begin with the Service's, in capitals
// with _ for - and dots, so that those of authctl-postgres look like settings. A value of another
// kind belongs to a setting that somebody has misspelt, such as AUTHCTL_ADMIN_PORT=9000.
//
// https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
var serviceLinks = sync.OnceValue(func() []serviceLink {
	link := func(pattern string, value func(string) bool) serviceLink {
		return serviceLink{regexp.MustCompile(serviceName + pattern + "$"), value}
	}
	return []serviceLink{
		link(`_SERVICE_HOST`, isIP),
		link(`_SERVICE_PORT(_[A-Z0-9_]+)?`, isPort),
		link(`_PORT`, isServiceAddress),
		link(servicePort, isServiceAddress),
		link(servicePort+`_ADDR`, isIP),
		link(servicePort+`_PORT`, isPort),
		link(servicePort+`_PROTO`, isProtocol),
	}
})

type serviceLink struct {
	name  *regexp.Regexp
	value func(string) bool
}

const (
	serviceName = `^AUTHCTL(_[A-Z0-9_]+)?`
	servicePort = `_PORT_[0-9]+_(TCP|UDP|SCTP)`
)

// serviceAddress matches an address such as tcp://10.0.0.1:80. Older versions write IPv6 without brackets.
var serviceAddress = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(tcp|udp|sctp)://(\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f:.]+):[0-9]{1,5}$`)
})

func isServiceAddress(value string) bool { return serviceAddress().MatchString(value) }

func isIP(value string) bool { _, err := netip.ParseAddr(value); return err == nil }

func isPort(value string) bool { _, err := strconv.ParseUint(value, 10, 16); return err == nil }

func isProtocol(value string) bool { return slices.Contains([]string{"tcp", "udp", "sctp"}, value) }

// isServiceLink reports whether Kubernetes sets a variable, with a value of this kind, for a Service.
func isServiceLink(name, value string) bool {
	for _, link := range serviceLinks() {
		if link.name.MatchString(name) && link.value(value) {
			return true
		}
	}
	return false
}

// isLone reports whether the environment lacks the NAME_SERVICE_HOST variable of a variable's Service.
// Kubernetes sets that variable for every Service.
func isLone(name string, environ map[string]string) bool {
	for other, value := range environ {
		service, isHost := strings.CutSuffix(other, "_SERVICE_HOST")
		if isHost && isIP(value) && strings.HasPrefix(name, service+"_") {
			return false
		}
	}
	return true
}

// linkFault says that the value of a setting's variable is the address of a Service.
func linkFault(name, key, value string) string {
	if isServiceLink(name, value) {
		service := strings.ToLower(strings.ReplaceAll(strings.TrimSuffix(name, "_PORT"), "_", "-"))
		return fmt.Sprintf("%s=%s is what Kubernetes sets for a Service named %s: set enableServiceLinks: false in the pod's spec, "+
			"rename the Service, or set %s in the pod's spec", name, value, service, name)
	}
	return fmt.Sprintf("%s=%s is the address of a Service, as Kubernetes has it in its variables (NAME_PORT), and no value for %s", name, value, key)
}
