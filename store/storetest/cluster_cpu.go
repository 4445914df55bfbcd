package storetest

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// CPU returns the processor time that the server's processes have used since it started, or 0 if
// the system does not say (only Linux does). Processes that have ended count in steps of 10 ms.
func (c *Cluster) CPU() time.Duration {
	pid := c.process.Process.Pid
	used := onProcessor(pid) + ofEnded(pid)
	for _, child := range children(pid) {
		used += onProcessor(child)
	}
	return used
}

// onProcessor returns the processor time of a process with one thread (proc_pid_schedstat(5)).
func onProcessor(pid int) time.Duration {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid))
	nanoseconds, _, _ := bytes.Cut(stat, []byte(" "))
	n, _ := strconv.ParseInt(string(nanoseconds), 10, 64)
	return time.Duration(n)
}

// ofEnded returns the processor time of the children that a process has waited for: the fields
// cutime and cstime of proc_pid_stat(5), in ticks of 10 ms.
func ofEnded(pid int) time.Duration {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := bytes.Cut(stat, []byte(") ")) // the name may contain spaces
	fields := bytes.Fields(after)                // from the third on
	if len(fields) < 15 {
		return 0
	}
	user, _ := strconv.ParseInt(string(fields[13]), 10, 64)
	system, _ := strconv.ParseInt(string(fields[14]), 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond
}
