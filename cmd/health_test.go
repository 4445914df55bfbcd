package cmd_test

import (
	"strings"
	"testing"
)

func TestHealthAsksAServerThatWantsAProxyHeader(t *testing.T) {
	t.Parallel()
	p := startServe(t, t.TempDir(), "AUTHCTL_SERVER_PROXY_PROTOCOL=true", "AUTHCTL_SERVER_TRUSTED_PROXIES=127.0.0.0/8")
	p.environ = append(p.environ, "AUTHCTL_SERVER_PORT="+p.url[strings.LastIndex(p.url, ":")+1:])
	p.run(t, "health")
	p.run(t, "health", "--ready")
	if said, exit := p.fails(t, "health", "--url", p.url); exit != 6 {
		t.Errorf("without a header: exit %d, %s", exit, said)
	}
}
