package cmd_test

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// without returns a command that runs without some of root's capabilities, as another user
// would.
func (p *process) without(t testing.TB, capabilities []string, args ...string) *exec.Cmd {
	t.Helper()
	c := p.prepare(args...)
	if os.Geteuid() != 0 {
		return c
	}
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		t.Skip("there is no setpriv")
	}
	gone := "-" + strings.Join(capabilities, ",-")
	c.Args = append([]string{setpriv, "--bounding-set=" + gone, "--inh-caps=" + gone, c.Path}, args...)
	c.Path = setpriv
	return c
}

func TestALowPortNeedsARightAndThePortIsBlamed(t *testing.T) {
	t.Parallel()
	const port = 81
	least, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")
	if n, _ := strconv.Atoi(strings.TrimSpace(string(least))); err != nil || n <= port {
		t.Skipf("everybody may listen on port %d here: %s, %v", port, least, err)
	}
	p := newProcess("authctl", t.TempDir())
	for i, variable := range p.environ {
		if strings.HasPrefix(variable, "AUTHCTL_SERVER_PORT=") {
			p.environ[i] = "PORT=" + strconv.Itoa(port)
		}
	}
	for command, exit := range map[string]int{"config check --listen": 3, "serve": 1} {
		c := p.without(t, []string{"net_bind_service"}, strings.Fields(command)...)
		out, _ := c.CombinedOutput()
		said := string(out)
		if c.ProcessState.ExitCode() != exit || !strings.Contains(said, "server.port: listen tcp 127.0.0.1:81: bind: permission denied (from env PORT)") ||
			!strings.Contains(said, "CAP_NET_BIND_SERVICE") {
			t.Errorf("%s: got exit %d, %s", command, c.ProcessState.ExitCode(), said)
		}
	}
}
