package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

type vector = reg.VecVirtual

// machine is an instruction set: what its registers hold and how they are turned.
type machine struct {
	name   string
	bytes  int // of a register
	vector func() vector
	move   func(from, to operand.Op)
	xor    func(a, b, result operand.Op)
	rotate func(bits int, v vector) // each word to the right, by 16, 24, 32 or 63
	rows   func(blocks)
}

// quad is four registers that the function GB of RFC 9106, section 3.6, works on, in
// all of their lanes at once.
type quad struct{ a, b, c, d vector }

// mix applies GB to all quads in step, so that one waits for a multiplication while
// another computes.
func (m machine) mix(quads []quad) {
	half := func(first, second int) {
		for _, q := range quads {
			m.multiplyAdd(q.a, q.b)
		}
		for _, q := range quads {
			m.xor(q.a, q.d, q.d)
			m.rotate(first, q.d)
		}
		for _, q := range quads {
			m.multiplyAdd(q.c, q.d)
		}
		for _, q := range quads {
			m.xor(q.c, q.b, q.b)
			m.rotate(second, q.b)
		}
	}
	half(32, 24)
	half(16, 63)
}

// multiplyAdd computes a += b + 2 × (lower half of a) × (lower half of b).
func (m machine) multiplyAdd(a, b vector) {
	product := m.vector()
	VPMULUDQ(b, a, product)
	VPADDQ(b, a, a)
	VPADDQ(product, a, a)
	VPADDQ(product, a, a)
}

// The second half of P pairs v0 with v5, v10 and v15, which RFC 9106 reaches by
// turning b, c and d. But b is what GB computes last and needs first: to turn a, c
// and d against it instead keeps the shuffles off the longest chain.

// turnWords does it for registers that hold four words of a row in each half or
// quarter: to the left by so many words.
func (m machine) turnWords(rows []quad, a, c, d int) {
	turn := func(v vector, n int) {
		VPERMQ(operand.U8(n&3|(n+1)&3<<2|(n+2)&3<<4|(n+3)&3<<6), v, v)
	}
	for _, q := range rows {
		turn(q.a, a)
		turn(q.d, d)
		turn(q.c, c)
	}
}

// columns puts P of the columns at this offset of a row into out, xored with x and
// y. Register i holds words 2i and 2i+1 of as many columns as fit, side by side.
func (m machine) columns(b blocks, offset int) {
	var v [8]vector
	for i := range v {
		v[i] = m.vector()
		m.move(at(b.state, i*rowBytes+offset), v[i])
	}
	even, odd := quad{v[0], v[2], v[4], v[6]}, quad{v[1], v[3], v[5], v[7]}
	m.mix([]quad{even, odd})
	even.a, odd.a = m.join(odd.a, even.a), m.join(even.a, odd.a) // v3 v0, v1 v2
	even.c, odd.c = m.join(even.c, odd.c), m.join(odd.c, even.c) // v9 v10, v11 v8
	even.d, odd.d = odd.d, even.d                                // v14 v15, v12 v13
	m.mix([]quad{even, odd})
	even.a, odd.a = m.join(even.a, odd.a), m.join(odd.a, even.a)
	even.c, odd.c = m.join(odd.c, even.c), m.join(even.c, odd.c)
	even.d, odd.d = odd.d, even.d
	for i, r := range []vector{even.a, odd.a, even.b, odd.b, even.c, odd.c, even.d, odd.d} {
		m.xor(at(b.x, i*rowBytes+offset), r, r)
		m.xor(at(b.y, i*rowBytes+offset), r, r)
		if b.keep {
			m.xor(at(b.out, i*rowBytes+offset), r, r)
		}
		m.move(r, at(b.out, i*rowBytes+offset))
	}
}

// join returns, of each pair of words, the upper one of first and the lower one of second.
func (m machine) join(first, second vector) vector {
	joined := m.vector()
	VPALIGNR(operand.U8(8), first, second, joined)
	return joined
}
