package config

import (
	"io/fs"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/authctl/authctl/authn/hashing"
)

// hashingShare is the part of the memory for hashing passwords that auto stands for.
const hashingShare = 4

// MemoryLimit returns what this process may use, and what says so; 0 when nothing does.
func MemoryLimit() (int64, string) { return availableMemory(rootFS(), debug.SetMemoryLimit(-1)) }

func rootFS() fs.FS { return os.DirFS("/") }

// Budget returns what hashing passwords may take of the process. Room for one hash
// there always is.
func (l *Loaded) Budget(limit int64) hashing.Budget {
	b := hashing.Budget{Workers: int(l.Hashing.Workers), Memory: int64(l.Hashing.MemoryBudget), MaxWait: l.Hashing.MaxWait}
	if b.Workers == 0 {
		b.Workers = runtime.GOMAXPROCS(0)
	}
	if one := int64(l.Password.Argon2.Memory); b.Memory == 0 && limit > 0 {
		b.Memory = max(limit/hashingShare, one)
	}
	return b
}

// checkMemory reports a cost that this machine cannot carry.
func (l *Loaded) checkMemory(limit int64, source string, bad *Faults) {
	if cost := int64(l.Password.Argon2.Memory); limit > 0 && cost > limit/2 {
		bad.Add("password.argon2.memory", "%s is more than half of the %s that this process may use (%s)", ShowSize(Size(cost)), ShowSize(Size(limit)), source)
	}
}
