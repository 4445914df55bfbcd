package cmd_test

import (
	"net"
	"testing"
	"time"
)

const outageWindow = 2 * time.Second // the retry window where a fault is to befall a server

// faultEnviron is for servers that a fault is to befall: they keep their address over a restart.
func faultEnviron(t *testing.T, database string, environ ...string) []string {
	t.Helper()
	_, port, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{
		"DATABASE_URL=" + database, "JWT_SECRET=" + randomSecret(), "AUTHCTL_SERVER_PORT=" + port,
		"AUTHCTL_TOKENS_RETRY_WINDOW=" + outageWindow.String(), "AUTHCTL_DATABASE_CONNECT_TIMEOUT=2s",
		"AUTHCTL_REVOCATION_MAX_STALENESS=" + maxStaleness.String(),
	}, environ...)
}
