package argon2id

// Implementation is one way to compute Argon2id. All of them have the same result.
type Implementation string

const (
	AVX512   Implementation = "avx512"   // assembly; needs AVX512F and AVX512BW
	AVX2     Implementation = "avx2"     // assembly
	Portable Implementation = "portable" // golang.org/x/crypto/argon2; takes its own memory for each hash
)

// Implementations returns what this machine offers, the fastest first. The last is
// always [Portable].
func Implementations() []Implementation {
	return append(accelerated(), Portable)
}

// compression is the function G of RFC 9106, section 3.5, in two parts, so that
// between them the next block to be read is known. out may be x or y; state is room
// to work in. The keeping parts xor their result into what out held.
type compression struct {
	begin, beginKeep   func(out, state, x, y *block)
	finish, finishKeep func(out, state, x, y, next *block)
}
