package config

import "github.com/authctl/authctl/authn/hashing"

func (l *Loaded) validatePassword(bad *Faults) {
	p := l.Password
	if p.Argon2.Memory > hashing.MaxMemory<<10 || p.Argon2.Memory%1024 != 0 {
		bad.Add("password.argon2.memory", "must be whole KiB, %s at most", ShowSize(hashing.MaxMemory<<10))
		return
	}
	l.validateHashing(bad)
	cost := p.Argon2.Params()
	err := cost.Validate()
	if err == nil && !l.Development() {
		err = cost.CheckFloor()
	}
	bad.AddError("password.argon2", err)
}

func (l *Loaded) validateHashing(bad *Faults) {
	h := l.Hashing
	if h.MemoryBudget != 0 && Size(h.MemoryBudget) < l.Password.Argon2.Memory {
		bad.Add("hashing.memory_budget", "must be auto, or at least password.argon2.memory (%s), which one hash needs", ShowSize(l.Password.Argon2.Memory))
	}
}
