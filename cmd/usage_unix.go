//go:build unix

package cmd

import (
	"math"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// cpuTime returns the CPU time that the process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peakRSS returns the most memory that an ended process had, in bytes, or 0.
func peakRSS(p *os.ProcessState) int64 {
	u, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" { // which counts in bytes, where others have KiB
		return int64(u.Maxrss)
	}
	return int64(u.Maxrss) << 10
}

// maxOpenFiles returns how many files the process may have open.
func maxOpenFiles() uint64 {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return math.MaxUint64
	}
	return uint64(limit.Cur) // FreeBSD has it signed
}

// apart keeps an interrupt at the terminal for this process.
func apart(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// keepOwner gives a file the owner that another has, as far as this process may.
func keepOwner(path string, as os.FileInfo) {
	if st, ok := as.Sys().(*syscall.Stat_t); ok {
		_ = os.Chown(path, int(st.Uid), int(st.Gid)) // only root may give files away
	}
}
