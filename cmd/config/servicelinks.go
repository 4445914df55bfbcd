package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// serviceLinks are the variables that Kubernetes gives each pod for every Service of its namespace,
// unless the pod says enableServiceLinks: false. Their names begin with the Service's, in capitals
// with _ for - and dots, so that those of authctl-postgres look like settings. A value of another
// kind belongs to a setting that somebody has misspelt, such as AUTHCTL_ADMIN_PORT=9000.
//
// https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
var serviceLinks = [...]struct {
	name  *regexp.Regexp
	value func(string) bool
}{
	{regexp.MustCompile(serviceName + `_SERVICE_HOST$`), isIP},
	{regexp.MustCompile(serviceName + `_SERVICE_PORT(_[A-Z0-9_]+)?$`), isPort},
	{regexp.MustCompile(serviceName + `_PORT$`), serviceAddress.MatchString},
	{regexp.MustCompile(serviceName + servicePort + `$`), serviceAddress.MatchString},
	{regexp.MustCompile(serviceName + servicePort + `_ADDR$`), isIP},
	{regexp.MustCompile(serviceName + servicePort + `_PORT$`), isPort},
	{regexp.MustCompile(serviceName + servicePort + `_PROTO$`), isProtocol},
}

const (
	serviceName = `^AUTHCTL(_[A-Z0-9_]+)?`
	servicePort = `_PORT_[0-9]+_(TCP|UDP|SCTP)`
)

// serviceAddress matches an address such as tcp://10.0.0.1:80. Older versions write IPv6 without brackets.
var serviceAddress = regexp.MustCompile(`^(tcp|udp|sctp)://(\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f:.]+):[0-9]{1,5}$`)

func isIP(value string) bool { _, err := netip.ParseAddr(value); return err == nil }

func isPort(value string) bool { _, err := strconv.ParseUint(value, 10, 16); return err == nil }

func isProtocol(value string) bool { return slices.Contains([]string{"tcp", "udp", "sctp"}, value) }

// isServiceLink reports whether Kubernetes sets a variable, with a value of this kind, for a Service.
func isServiceLink(name, value string) bool {
	for _, link := range serviceLinks {
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
