package config

import (
	"io/fs"
	"os"
	"runtime/debug"

	"github.com/authctl/authctl/authn/hashing"
)

// hashingShare is the divisor of auto: hashing passwords gets this fraction of the memory.
const hashingShare = 4

// MemoryLimit returns the bytes that this process may use and the source of the limit, or 0 if there is none.
func MemoryLimit() (int64, string) { return availableMemory(rootFS(), debug.SetMemoryLimit(-1)) }

func rootFS() fs.FS { return os.DirFS("/") }

// Budget returns the budget for hashing passwords. limit is the memory of the process in bytes. The
// budget always has room for one hash.
func (l *Loaded) Budget(limit int64) hashing.Budget {
	b := hashing.Budget{Workers: int(l.Hashing.Workers), Memory: int64(l.Hashing.MemoryBudget), MaxWait: l.Hashing.MaxWait}
	if b.Workers == 0 {
		b.Workers = hashing.Processors()
	}
	if one := int64(l.Password.Argon2.Memory); b.Memory == 0 && limit > 0 {
		b.Memory = max(limit/hashingShare, one)
	}
	return b
}

// checkMemory reports a cost that exceeds the memory of this machine.
func (l *Loaded) checkMemory(limit int64, source string, bad *Faults) {
	if cost := int64(l.Password.Argon2.Memory); limit > 0 && cost > limit/2 {
		bad.Add("password.argon2.memory", "%s is more than half of the %s that this process may use (%s)", ShowSize(Size(cost)), ShowSize(Size(limit)), source)
	}
}
