package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// linksOf returns the variables that Kubernetes sets for a Service with a TCP, a UDP and an SCTP port, of which
// two have names.
func linksOf(service, address string) []string {
	name := strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(service))
	literal := address
	if strings.Contains(address, ":") {
		literal = "[" + address + "]"
	}
	all := []string{
		name + "_SERVICE_HOST=" + address, name + "_SERVICE_PORT=80", name + "_SERVICE_PORT_HTTP=80", name + "_SERVICE_PORT_ADMIN_SERVICE_HOST=81",
		name + "_PORT=tcp://" + literal + ":80",
	}
	for _, p := range []string{"80_TCP", "81_UDP", "82_SCTP"} {
		number, protocol, _ := strings.Cut(p, "_")
		port, protocol := name+"_PORT_"+p, strings.ToLower(protocol)
		all = append(all, port+"="+protocol+"://"+literal+":"+number, port+"_PROTO="+protocol, port+"_PORT="+number, port+"_ADDR="+address)
	}
	return all
}

func TestVariablesOfAServiceOfKubernetesArePassedOver(t *testing.T) {
	t.Parallel()
	plain := mustLoad(t, from(t, ""))
	for _, service := range []string{"authctl", "authctl-postgres", "authctl-admin", "authctl-port", "authctl-service", "authctl-jwt", "authctl-2"} {
		for _, address := range []string{"10.0.0.1", "fd00::1"} {
			cfg, err := Load(from(t, "", linksOf(service, address)...))
			if err != nil || !reflect.DeepEqual(cfg.Settings, plain.Settings) || len(cfg.lone) > 0 {
				t.Errorf("%s at %s: got %v, lone %q", service, address, err, cfg.lone)
			}
		}
		for _, one := range linksOf(service, "10.0.0.1") { // each by itself
			if _, err := Load(from(t, "", one)); err != nil {
				t.Errorf("%s: got %v", one, err)
			}
		}
	}
	if _, err := Load(from(t, "", "AUTHCTL_PORT=tcp://fd00::1:80")); err != nil {
		t.Errorf("an address of IPv6 as older versions write it: got %v", err)
	}
}

func TestAVariableThatOnlyLooksLikeOneOfAServiceIsRefused(t *testing.T) {
	t.Parallel()
	for _, one := range []string{
		"AUTHCTL_ADMIN_PORT=9000", "AUTHCTL_PORT=8000", "AUTHCTL_SERVICE_HOST=db.example", "AUTHCTL_SERVICE_PORT=http", "AUTHCTL_SERVICE_PORT=65536",
		"AUTHCTL_PORT=http://10.0.0.1:80", "AUTHCTL_PORT_80_TCP=80", "AUTHCTL_PORT_80_ICMP=icmp://10.0.0.1:80", "AUTHCTL_PORT_X_TCP=tcp://10.0.0.1:80",
		"AUTHCTL_PORT_80_TCP_PROTO=http", "AUTHCTL_PORT_80_TCP_ADDR=here", "AUTHCTL_PORT_80_TCP_NAME=a",
	} {
		name, _, _ := strings.Cut(one, "=")
		if _, err := Load(from(t, "", one)); !refusedFor(err, name, "is not a setting") {
			t.Errorf("%s: got %v", one, err)
		}
	}
	src := from(t, "") // Kubernetes writes no .env
	write(t, src.Dir+"/.env", "AUTHCTL_PORT=tcp://10.0.0.1:80\n", 0o600)
	if _, err := Load(src); !refusedFor(err, "AUTHCTL_PORT", "is not a setting") {
		t.Errorf("got %v", err)
	}
}

// TestAVariableOfNoServiceThatIsPassedOverIsWarnedOf: somebody writes
// AUTHCTL_SERVICE_PORT=8000 instead of AUTHCTL_SERVER_PORT.
func TestAVariableOfNoServiceThatIsPassedOverIsWarnedOf(t *testing.T) {
	t.Parallel()
	cfg := mustLoad(t, from(t, "", "AUTHCTL_SERVICE_PORT=8000"))
	isWarning := func(w string) bool {
		return strings.HasPrefix(w, "AUTHCTL_SERVICE_PORT is ignored") && strings.Contains(w, "did you mean AUTHCTL_SERVER_PORT?")
	}
	if !slices.ContainsFunc(cfg.Warnings(), isWarning) {
		t.Errorf("got %q", cfg.Warnings())
	}
	cfg = mustLoad(t, from(t, "", "AUTHCTL_SERVICE_PORT=8000", "AUTHCTL_SERVICE_HOST=10.0.0.1"))
	if slices.ContainsFunc(cfg.Warnings(), isWarning) {
		t.Errorf("got %q", cfg.Warnings())
	}
}

func TestAServiceWhoseVariableIsASettingIsNamed(t *testing.T) {
	t.Parallel()
	_, err := Load(from(t, "", linksOf("authctl-server", "10.0.0.1")...))
	for _, part := range []string{
		"server.port: AUTHCTL_SERVER_PORT=tcp://10.0.0.1:80 is what Kubernetes sets for a Service named authctl-server",
		"enableServiceLinks: false", "rename the Service", "set AUTHCTL_SERVER_PORT in the pod's spec",
	} {
		if err == nil || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want …%s…", err, part)
		}
	}
	environ := append(linksOf("authctl-server", "10.0.0.1"), "AUTHCTL_SERVER_PORT=8123") // as the pod's spec wins
	if cfg := mustLoad(t, from(t, "", environ...)); cfg.Server.Port != 8123 {
		t.Errorf("got port %d", cfg.Server.Port)
	}
	for name, key := range map[string]string{
		"PORT": "server.port", "HOST": "server.host", "DATABASE_URL": "database.url", "AUTHCTL_SERVER_ADMIN_LISTEN": "server.admin_listen",
		"AUTHCTL_DATABASE_URL": "database.url", "LOG_LEVEL": "log.level", "AUTHCTL_SERVER_HOST": "server.host",
	} {
		for _, value := range []string{"tcp://10.0.0.1:80", "tcp://[fd00::1]:80", "udp://10.0.0.1:80"} {
			_, err := Load(from(t, "", name+"="+value))
			if !refusedFor(err, key, name+"="+value+" is the address of a Service, as Kubernetes has it in its variables") {
				t.Errorf("%s=%s: got %v", name, value, err)
			}
		}
	}
}
