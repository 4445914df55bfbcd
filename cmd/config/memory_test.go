package config

import (
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/authn/hashing"
)

func TestTheBudgetIsAQuarterOfTheMemory(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for _, tt := range []struct {
		file   string
		limit  int64
		memory int64
	}{
		{"", 8192 * mib, 2048 * mib},
		{"", 200 * mib, 64 * mib}, // room for one there always is
		{"", 0, 0},                // nothing is known: as many as there are workers
		{"hashing: {memory_budget: 128MiB}", 200 * mib, 128 * mib},
	} {
		cfg := mustLoad(t, from(t, tt.file+"\n", "AUTHCTL_HASHING_WORKERS=3"))
		if got, want := cfg.Budget(tt.limit), (hashing.Budget{Workers: 3, Memory: tt.memory, MaxWait: 2 * time.Second}); got != want {
			t.Errorf("%s of %d: got %+v, want %+v", tt.file, tt.limit, got, want)
		}
	}
}

func costsBeyondMemory(t *testing.T) {
	cfg := mustLoad(t, from(t, ""))
	for limit, refused := range map[int64]bool{0: false, 128 << 20: false, 127 << 20: true} {
		var bad Faults
		cfg.checkMemory(limit, "/sys/fs/cgroup/memory.max", &bad)
		if (len(bad) > 0) != refused {
			t.Errorf("%d bytes: got %v", limit, bad)
		}
		if refused && !strings.Contains(bad.Error(), "password.argon2.memory: 64MiB is more than half of the 127MiB that this process may use (/sys/fs/cgroup/memory.max)") {
			t.Errorf("got %v", bad)
		}
	}
}
