package hashbench

import "github.com/authctl/authctl/authn/hashing"

// Set is a cost that somebody recommends.
type Set struct {
	Name   string
	Params hashing.Params
}

// Sets returns what the OWASP Password Storage Cheat Sheet (2026-08) accepts as a minimum,
// and the two recommendations of RFC 9106, section 4. The first of those needs 2 GiB,
// which is more than a hash may take here.
func Sets() []Set {
	return []Set{
		{"OWASP", hashing.Params{Memory: 47104, Iterations: 1, Parallelism: 1}},
		{"OWASP", hashing.Params{Memory: 19456, Iterations: 2, Parallelism: 1}},
		{"OWASP", hashing.Params{Memory: 12288, Iterations: 3, Parallelism: 1}},
		{"OWASP", hashing.Params{Memory: 9216, Iterations: 4, Parallelism: 1}},
		{"OWASP", hashing.Params{Memory: 7168, Iterations: 5, Parallelism: 1}},
		{"RFC 9106, second", hashing.Params{Memory: 65536, Iterations: 3, Parallelism: 4}},
		{"RFC 9106, first", hashing.Params{Memory: 2 << 20, Iterations: 1, Parallelism: 4}},
	}
}

// Attack is what an attacker with one graphics card gets.
type Attack struct {
	GPU             string  `json:"gpu"`
	HashesPerSecond float64 `json:"hashes_per_second"`
	HashesPerDollar float64 `json:"hashes_per_dollar"`
	Source          string  `json:"source"`
}

const (
	attackMemory = 65536.0 // KiB, of the published measurement
	attackPasses = 3.0
	attackRate   = 1667.0 // hashes a second with it
	attackPrice  = 0.34   // dollars an hour
)

// Attacks estimates the guesses that a cost allows. The measurement is hashcat's; it is
// scaled by memory × iterations, because on a graphics card Argon2 is bound by the
// bandwidth of its memory. A cost of which few fit into the card's 24 GB is dearer still.
func Attacks(p hashing.Params) []Attack {
	rate := attackRate * attackMemory * attackPasses / (float64(p.Memory) * float64(p.Iterations))
	return []Attack{{
		GPU: "NVIDIA GeForce RTX 4090", HashesPerSecond: rate, HashesPerDollar: rate * 3600 / attackPrice,
		Source: "estimated from 1,667 H/s at 64 MiB, t=3, p=1 (hashcat 7, github.com/hashcat/hashcat/pull/4284, 2025-07), at $0.34 an hour to rent one (RunPod, March 2026)",
	}}
}
