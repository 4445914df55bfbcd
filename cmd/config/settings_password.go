package config

import (
	"time"

	"github.com/authctl/authctl/authn/hashing"
)

// Password is how passwords are judged and hashed.
type Password struct {
	Argon2 Argon2 `key:"argon2"`
	// A secret key for password hashes, in addition to the salt: authctl secret generate. With it,
	// a stolen database alone does not allow guessing. Keep it: without it nobody can sign in.
	//
	// A file with it instead.
	Pepper Secret `key:"pepper" strong:"yes" reload:"yes"`
	// Earlier peppers. Keep each until every user has signed in once. To rotate the pepper, move
	// the old one here. To stop using a pepper, move it here and leave pepper empty.
	//
	// A file with them instead, one per line.
	PreviousPeppers Secrets `key:"previous_peppers" strong:"yes" reload:"yes"`
	// Minimum length of a password. Set 15 if a password is the only factor.
	MinLength int `key:"min_length" default:"8" range:"8..64 characters" reload:"yes"`
	// A file with your own list of refused passwords, one per line, instead of the built-in list.
	BlocklistFile string `key:"blocklist_file" reload:"yes"`
}

// Argon2 is the cost of a password hash.
type Argon2 struct {
	// Cost of a password hash: memory, passes over it, lanes. Every sign-in and every guess of an
	// attacker costs this much. In development the default of memory is 4MiB.
	Memory      Size   `key:"memory" default:"64MiB" reload:"yes"`
	Iterations  uint32 `key:"iterations" default:"3" reload:"yes"`
	Parallelism uint8  `key:"parallelism" default:"1" reload:"yes"`
	// auto uses AVX-512 or AVX2 if the processor has it, and checks at the start that the results
	// are right. portable uses neither.
	Implementation string `key:"implementation" default:"auto" oneof:"auto portable" reload:"yes"`
}

// Params returns the Argon2 cost.
func (a Argon2) Params() hashing.Params {
	return hashing.Params{Memory: uint32(a.Memory / 1024), Iterations: a.Iterations, Parallelism: a.Parallelism}
}

// Hashing is what hashing passwords may take of the process.
type Hashing struct {
	// Maximum memory for password hashes. auto is a quarter of the memory that the process may use
	// (cgroup, GOMEMLIMIT or the machine). Lower it if other processes share the memory.
	MemoryBudget autoSize `key:"memory_budget" default:"auto" reload:"yes"`
	// Maximum number of concurrent hashes. auto is one for each CPU. Lower it to leave CPUs to
	// other processes.
	Workers autoNumber `key:"workers" default:"auto" range:"1..1024"`
	// Maximum wait of a sign-in in the hashing queue. A sign-in that would wait longer is refused
	// at once, with 503 and Retry-After.
	MaxWait time.Duration `key:"max_wait" default:"2s" range:"10ms..1m" reload:"yes"`
}
