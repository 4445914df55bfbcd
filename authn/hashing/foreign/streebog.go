package foreign

import (
	"encoding/binary"
	"math/bits"
)

// streebog256 is GOST R 34.11-2012 with 256 bits (RFC 6986), for gost-yescrypt only. It is not
// optimized: a password takes a few blocks.
func streebog256(message []byte) []byte {
	var h, n, sigma [8]uint64 // words and bytes are little-endian, as the message is
	for i := range h {
		h[i] = 0x0101010101010101
	}
	for ; len(message) >= 64; message = message[64:] {
		block := streebogBlock(message[:64])
		h = streebogStep(h, n, block)
		n, sigma = add512(n, [8]uint64{512}), add512(sigma, block)
	}
	padded := append(append([]byte{}, message...), 1)
	block := streebogBlock(append(padded, make([]byte, 64-len(padded))...))
	h = streebogStep(h, n, block)
	n, sigma = add512(n, [8]uint64{uint64(8 * len(message))}), add512(sigma, block)
	h = streebogStep(h, [8]uint64{}, n)
	h = streebogStep(h, [8]uint64{}, sigma)
	var out []byte
	for _, word := range h[4:] {
		out = binary.LittleEndian.AppendUint64(out, word)
	}
	return out
}

// hmacStreebog256 is HMAC (RFC 2104) for a key of at most one block of 64 bytes.
func hmacStreebog256(key, message []byte) []byte {
	inner, outer := make([]byte, 64), make([]byte, 64)
	copy(inner, key)
	copy(outer, key)
	for i := range 64 {
		inner[i] ^= 0x36
		outer[i] ^= 0x5c
	}
	return streebog256(append(outer, streebog256(append(inner, message...))...))
}

func streebogBlock(b []byte) (words [8]uint64) {
	for i := range words {
		words[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return words
}

// streebogStep is the compression function g (section 8).
func streebogStep(h, n, message [8]uint64) [8]uint64 {
	key, state := streebogLPS(xor512(h, n)), message
	for _, c := range streebogC {
		state = streebogLPS(xor512(key, state))
		key = streebogLPS(xor512(key, c))
	}
	return xor512(xor512(xor512(state, key), h), message)
}

// streebogLPS substitutes the bytes, transposes them, and multiplies each word with a matrix of bits
// (sections 6.2 to 6.4).
func streebogLPS(in [8]uint64) (out [8]uint64) {
	for i := range out {
		for j, word := range in {
			b := streebogPi[byte(word>>(8*i))]
			for bit := range 8 {
				if b>>bit&1 == 1 {
					out[i] ^= streebogA[63-8*j-bit]
				}
			}
		}
	}
	return out
}

func xor512(a, b [8]uint64) [8]uint64 {
	for i := range a {
		a[i] ^= b[i]
	}
	return a
}

func add512(a, b [8]uint64) (sum [8]uint64) {
	var carry uint64
	for i := range a {
		sum[i], carry = bits.Add64(a[i], b[i], carry)
	}
	return sum
}
