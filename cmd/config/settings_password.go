package config

import (
	"time"

	"github.com/authctl/authctl/authn/hashing"
)

// Password is how passwords are judged and hashed.
type Password struct {
	Argon2 Argon2 `key:"argon2"`
	// A key that passwords are hashed with, beside the salt, so that a stolen database alone
	// cannot be attacked: authctl secret generate. Keep it: without it nobody can sign in.
	//
	// A file that holds it instead.
	Pepper Secret `key:"pepper" reload:"yes"`
	// Earlier peppers, until each user has signed in once. Rotate the pepper by moving the
	// old one here; give it up by moving it here and leaving pepper empty.
	//
	// A file that holds them instead, one a line.
	PreviousPeppers Secrets `key:"previous_peppers" reload:"yes"`
	// Shortest password. 15 where a password is the only factor.
	MinLength int `key:"min_length" default:"8" range:"8..64 characters" reload:"yes"`
	// Your own list of refused passwords, one a line, instead of the built-in one.
	BlocklistFile string `key:"blocklist_file" reload:"yes"`
}

// Argon2 is the cost of a password hash.
type Argon2 struct {
	// Cost of a password hash: memory, passes over it, lanes. Every sign-in costs this
	// much; an attacker's every guess too. In development the default is 4MiB.
	Memory      Size   `key:"memory" default:"64MiB" reload:"yes"`
	Iterations  uint32 `key:"iterations" default:"3" reload:"yes"`
	Parallelism uint8  `key:"parallelism" default:"1" reload:"yes"`
	// auto computes with AVX-512 or AVX2 where the processor has it, and checks at the start that it
	// computes the same; portable does not.
	Implementation string `key:"implementation" default:"auto" oneof:"auto portable" reload:"yes"`
}

// Params returns the Argon2 cost.
func (a Argon2) Params() hashing.Params {
	return hashing.Params{Memory: uint32(a.Memory / 1024), Iterations: a.Iterations, Parallelism: a.Parallelism}
}

// Hashing is what hashing passwords may take of the process.
type Hashing struct {
	// Memory that password hashes may work with at once. auto is a quarter of what the process
	// may use (cgroup, GOMEMLIMIT or the machine). Lower it where other things share the memory.
	MemoryBudget autoSize `key:"memory_budget" default:"auto" reload:"yes"`
	// Hashes that run at once. auto is one for each CPU. Lower it to leave CPUs to others.
	Workers autoNumber `key:"workers" default:"auto" range:"1..1024"`
	// How long a sign-in may wait for its turn; one that would wait longer is refused at once,
	// with 503 and Retry-After.
	MaxWait time.Duration `key:"max_wait" default:"2s" range:"10ms..1m" reload:"yes"`
}
