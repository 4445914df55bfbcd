package config

import (
	"math"
	"testing"
	"testing/fstest"
)

func TestTheLeastLimitCounts(t *testing.T) {
	t.Parallel()
	const gib = 1 << 30
	meminfo := "MemTotal:        8388608 kB\nMemFree:         1048576 kB\n" // 8 GiB
	for name, tt := range map[string]struct {
		files  map[string]string
		go_    int64
		want   int64
		source string
	}{
		"nothing to read": {nil, math.MaxInt64 - 1, math.MaxInt64 - 1, "GOMEMLIMIT"},
		"no GOMEMLIMIT":   {nil, math.MaxInt64, 0, ""},
		"a bare machine":  {map[string]string{"proc/self/cgroup": "0::/\n"}, math.MaxInt64, 8 * gib, "the machine's memory"},
		"version 2, in a container": {map[string]string{
			"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1073741824\n", "sys/fs/cgroup/memory.high": "max\n",
		}, math.MaxInt64, gib, "/sys/fs/cgroup/memory.max"},
		"version 2, nested": {map[string]string{
			"proc/self/cgroup": "0::/system.slice/authctl.service\n", "sys/fs/cgroup/system.slice/memory.max": "2147483648",
			"sys/fs/cgroup/system.slice/authctl.service/memory.max": "max", "sys/fs/cgroup/system.slice/authctl.service/memory.high": "3221225472",
		}, math.MaxInt64, 2 * gib, "/sys/fs/cgroup/system.slice/memory.max"},
		"version 2, the innermost": {map[string]string{
			"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/memory.max": "2147483648", "sys/fs/cgroup/a/b/memory.high": "1073741824",
		}, math.MaxInt64, gib, "/sys/fs/cgroup/a/b/memory.high"},
		"version 1": {map[string]string{
			"proc/self/cgroup": "5:cpu,cpuacct:/docker/x\n4:memory:/docker/x\n0::/docker/x\n", "sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": "1073741824",
		}, math.MaxInt64, gib, "/sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes"},
		"version 1, in a container": {map[string]string{
			"proc/self/cgroup": "4:memory:/docker/x\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
			"sys/fs/cgroup/memory/memory.stat": "cache 0\nhierarchical_memory_limit 1073741824\n",
		}, math.MaxInt64, gib, "/sys/fs/cgroup/memory/memory.stat"},
		"version 1 without a limit": {map[string]string{
			"proc/self/cgroup": "4:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
		}, math.MaxInt64, 8 * gib, "the machine's memory"},
		"GOMEMLIMIT": {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "1073741824\n"}, gib / 2, gib / 2, "GOMEMLIMIT"},
		"nonsense":   {map[string]string{"proc/self/cgroup": "\n:::\n0::\n4:memory\n", "sys/fs/cgroup/memory.max": "much"}, math.MaxInt64, 8 * gib, "the machine's memory"},
	} {
		root := fstest.MapFS{}
		if tt.files != nil {
			root["proc/meminfo"] = &fstest.MapFile{Data: []byte(meminfo)}
		}
		for file, text := range tt.files {
			root[file] = &fstest.MapFile{Data: []byte(text)}
		}
		if got, source := availableMemory(root, tt.go_); got != tt.want || source != tt.source {
			t.Errorf("%s: got %d from %s, want %d from %s", name, got, source, tt.want, tt.source)
		}
	}
}
