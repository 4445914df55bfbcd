package config

import (
	"bufio"
	"bytes"
	"io/fs"
	"math"
	"path"
	"strconv"
	"strings"
)

// availableMemory returns the number of bytes that the process may use, and the source of that
// limit. It takes the least of the cgroup limits, goLimit and the memory of the machine. The cgroup
// limits are those of its own cgroup and of every cgroup above it (version 2: memory.max and
// memory.high; version 1: memory.limit_in_bytes and hierarchical_memory_limit). goLimit is the value
// of GOMEMLIMIT. root is the root of the file system, such as os.DirFS("/"). availableMemory returns
// 0 and "" if it can read no limit, as on systems other than Linux without GOMEMLIMIT.
func availableMemory(root fs.FS, goLimit int64) (limit int64, source string) {
	limit = math.MaxInt64
	lower := func(n int64, from string) {
		if n > 0 && n < limit {
			limit, source = n, from
		}
	}
	lower(total(root), "the machine's memory")
	for _, file := range cgroupFiles(root) {
		lower(number(root, file), "/"+file)
	}
	lower(goLimit, "GOMEMLIMIT")
	if source == "" {
		return 0, ""
	}
	return limit, source
}

// total returns MemTotal of /proc/meminfo, or 0.
func total(root fs.FS) int64 {
	return statField(root, "proc/meminfo", "MemTotal:") << 10
}

// cgroupFiles returns the files that may hold a limit, from the root down. In a container the path
// in /proc/self/cgroup may be the path on the host. The process then sees only the root.
func cgroupFiles(root fs.FS) []string {
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return nil
	}
	var files []string
	for line := range strings.Lines(string(text)) {
		id, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, dir, _ := strings.Cut(rest, ":")
		switch {
		case id == "0" && controllers == "":
			for _, d := range upwards("sys/fs/cgroup", dir) {
				files = append(files, path.Join(d, "memory.max"), path.Join(d, "memory.high"))
			}
		case strings.Contains(","+controllers+",", ",memory,"):
			for _, d := range upwards("sys/fs/cgroup/memory", dir) {
				files = append(files, path.Join(d, "memory.limit_in_bytes"), path.Join(d, "memory.stat"))
			}
		}
	}
	return files
}

// upwards returns a folder below top, and every folder above it up to top.
func upwards(top, dir string) []string {
	dirs := []string{top}
	for i, c := range dir {
		if c == '/' && i > 0 {
			dirs = append(dirs, path.Join(top, dir[:i]))
		}
	}
	if path.Clean(dir) != "/" {
		dirs = append(dirs, path.Join(top, dir))
	}
	return dirs
}

// number returns the limit that a file holds. It returns 0 for no limit, which a file writes as "max".
func number(root fs.FS, file string) int64 {
	if path.Base(file) == "memory.stat" {
		return statField(root, file, "hierarchical_memory_limit")
	}
	text, err := fs.ReadFile(root, file)
	if err != nil {
		return 0
	}
	n, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// statField returns the number that follows a name at the beginning of a line, or 0.
func statField(root fs.FS, file, name string) int64 {
	text, err := fs.ReadFile(root, file)
	if err != nil {
		return 0
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		if words := strings.Fields(lines.Text()); len(words) >= 2 && words[0] == name {
			n, _ := strconv.ParseInt(words[1], 10, 64) // 0 if the text is no number
			return n
		}
	}
	return 0
}
