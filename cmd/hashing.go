package cmd

import (
	"io/fs"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/authn/machine"
)

// hashingShare is the part of the memory for hashing passwords that auto stands for.
const hashingShare = 4

// memoryLimit returns what this process may use, and what says so; 0 when nothing does.
func memoryLimit() (int64, string) { return machine.Memory(rootFS(), debug.SetMemoryLimit(-1)) }

func rootFS() fs.FS { return os.DirFS("/") }

// budget returns what hashing passwords may take of the process. Room for one hash
// there always is.
func (l *loaded) budget(limit int64) hashing.Budget {
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
func (l *loaded) checkMemory(limit int64, source string, bad *faults) {
	if cost := int64(l.Password.Argon2.Memory); limit > 0 && cost > limit/2 {
		bad.add("password.argon2.memory", "%s is more than half of the %s that this process may use (%s)", showSize(size(cost)), showSize(size(limit)), source)
	}
}

// sayBudget tells when memory, and not processors, decides how many hashes run at once.
func (a *app) sayBudget(inst *instance) {
	b, cost := inst.authn.HashStats().Budget, int64(inst.cfg.Password.Argon2.Memory)
	if fit := b.Memory / cost; fit < int64(b.Workers) {
		a.say("warning: %s have room for hashing %d of %d passwords at once; a larger hashing.memory_budget or a smaller password.argon2.memory makes sign-ins quicker",
			showSize(size(b.Memory)), fit, b.Workers)
	}
}
