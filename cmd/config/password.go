package config

import (
	"github.com/authctl/authctl/authn"
)

func (l *Loaded) validatePassword(bad *Faults) {
	p := l.Password
	if p.Argon2.Memory > 1<<30 || p.Argon2.Memory%1024 != 0 {
		bad.Add("password.argon2.memory", "must be whole KiB, 1GiB at most")
		return
	}
	l.validateHashing(bad)
	cost := p.Argon2.Params()
	if err := cost.Validate(); err != nil {
		bad.Add("password.argon2", "%v", err)
	} else if cost.BelowFloor() && !l.Development() {
		bad.Add("password.argon2", "%s is weaker than production allows: at least 46MiB with 1 iteration, 19MiB with 2, 12MiB with 3, 9MiB with 4, or 7MiB with 5", cost)
	}
}

func (l *Loaded) validateHashing(bad *Faults) {
	h := l.Hashing
	if h.MemoryBudget != 0 && Size(h.MemoryBudget) < l.Password.Argon2.Memory {
		bad.Add("hashing.memory_budget", "must be auto, or at least password.argon2.memory (%s), which one hash needs", ShowSize(l.Password.Argon2.Memory))
	}
	for _, pepper := range l.Password.PreviousPeppers.Texts {
		if err := authn.CheckSecret(string(pepper)); err != nil {
			bad.Add("password.previous_peppers", "one of them %v", err)
		}
	}
	if pepper := l.Password.Pepper.Text; pepper != "" {
		if err := authn.CheckSecret(string(pepper)); err != nil {
			bad.Add("password.pepper", "%v; make one with: authctl secret generate", err)
		}
	}
}
