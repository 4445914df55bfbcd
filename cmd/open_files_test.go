//go:build unix

package cmd_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestServeSaysThatItMayOpenTooFewFiles(t *testing.T) {
	t.Parallel()
	limited := filepath.Join(t.TempDir(), "limited")
	if err := os.WriteFile(limited, []byte("#!/bin/sh\nulimit -n 500 && exec authctl \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for connections, warned := range map[string]bool{"400": true, "300": false} {
		p := newProcess(limited, t.TempDir(), "AUTHCTL_SERVER_MAX_CONNECTIONS="+connections)
		p.start(t)
		const warning = "warning: this process may open 500 files, and server.max_connections (400) and the database need 510: "
		if said := p.said(t); strings.Contains(said, warning) != warned {
			t.Errorf("with %s connections, warned: %t: serve said %s", connections, !warned, said)
		}
	}
}
