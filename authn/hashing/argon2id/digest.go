package argon2id

import (
	"encoding/binary"
	"hash"

	"golang.org/x/crypto/blake2b"
)

// digest is BLAKE2b as Argon2 uses it: H of RFC 9106, section 3.2, and the variable
// length H' of section 3.3. It keeps what it needs, so that a hash allocates nothing.
type digest struct {
	long   hash.Hash // 64 bytes
	short  hash.Hash // the end of a result, whose length is seldom another
	seed   [blake2b.Size + 8]byte
	v      [blake2b.Size]byte // of section 3.3
	number [4]byte
	buffer [blockBytes]byte
}

// reset makes ready for a result of length bytes.
func (d *digest) reset(length uint32) {
	if d.long == nil {
		d.long = newBLAKE2b(blake2b.Size)
	}
	if _, end := split(length); d.short == nil || d.short.Size() != end {
		d.short = newBLAKE2b(end)
	}
	d.long.Reset()
	d.short.Reset()
}

func newBLAKE2b(size int) hash.Hash {
	h, err := blake2b.New(size, nil)
	if err != nil {
		panic(err) // a size outside of 1 to 64
	}
	return h
}

// split returns of how many steps of 32 bytes H' makes so many bytes, and how many
// bytes, 1 to 64, the last step makes.
func split(length uint32) (steps, end int) {
	if length <= blake2b.Size {
		return 0, int(length)
	}
	steps = (int(length)+31)/32 - 2
	return steps, int(length) - 32*steps
}

// first computes H0 into the seed.
func (d *digest) first(in input) {
	for _, n := range [...]uint32{uint32(in.lanes), in.length, in.memory, in.passes, version, variant} {
		d.write(d.long, n)
	}
	for _, field := range [...][]byte{in.password, in.salt, in.secret, in.data} {
		d.write(d.long, uint32(len(field)))
		d.long.Write(field)
	}
	d.long.Sum(d.seed[:0])
}

func (d *digest) write(h hash.Hash, n uint32) {
	binary.LittleEndian.PutUint32(d.number[:], n)
	h.Write(d.number[:])
}

// expand computes a block at the start of a lane: H'(H0 || index || lane).
func (d *digest) expand(b *block, index, lane uint32) {
	binary.LittleEndian.PutUint32(d.seed[blake2b.Size:], index)
	binary.LittleEndian.PutUint32(d.seed[blake2b.Size+4:], lane)
	d.stretch(d.buffer[:], d.long, d.seed[:])
	for i := range b {
		b[i] = binary.LittleEndian.Uint64(d.buffer[8*i:])
	}
}

// last computes the result from the sum of the lanes' last blocks.
func (d *digest) last(key []byte, sum *block) {
	for i, word := range sum {
		binary.LittleEndian.PutUint64(d.buffer[8*i:], word)
	}
	d.stretch(key, d.short, d.buffer[:])
}

// stretch computes H' into out; end makes the last bytes of it.
func (d *digest) stretch(out []byte, end hash.Hash, in []byte) {
	steps, _ := split(uint32(len(out)))
	h := d.long
	if steps == 0 {
		h = end
	}
	h.Reset()
	d.write(h, uint32(len(out)))
	h.Write(in)
	if steps == 0 {
		h.Sum(out[:0])
		return
	}
	h.Sum(d.v[:0])
	for range steps - 1 {
		out = out[copy(out, d.v[:32]):]
		h.Reset()
		h.Write(d.v[:])
		h.Sum(d.v[:0])
	}
	out = out[copy(out, d.v[:32]):]
	end.Reset()
	end.Write(d.v[:])
	end.Sum(out[:0])
}

// wipe leaves nothing of the last hash.
func (d *digest) wipe() {
	clear(d.seed[:])
	clear(d.v[:])
	clear(d.buffer[:])
	for _, h := range [...]hash.Hash{d.long, d.short} {
		if h != nil {
			h.Reset()
			h.Write(d.buffer[:blake2b.BlockSize]) // stays in its buffer, over what was there
			h.Reset()
		}
	}
}
