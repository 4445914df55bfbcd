// Command asm writes block_amd64.s: the compression function G of Argon2 (RFC 9106,
// section 3.5) with AVX2.
//
// A block is 1,024 bytes: a matrix of eight rows of eight registers of 16 bytes. G takes
// R = X ⊕ Y, applies the permutation P to each row and then to each column, and adds R
// again. P is a round of BLAKE2b without a message, in which each addition a + b is
// a + b + 2·lo(a)·lo(b). Four words fit into a register here, so that a row or a column
// are four registers, a, b, c and d; two of them are computed side by side, because one
// alone would wait for its multiplications.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

const (
	rowBytes      = 128
	registerBytes = 16
	blockBytes    = 1024
)

// quad is the four registers of a row or a column, and one for what is in between. The registers are chosen here, because half of one may be loaded at a time.
type quad struct{ a, b, c, d, temporary VecPhysical }

func quads() []quad { return []quad{{Y0, Y1, Y2, Y3, Y8}, {Y4, Y5, Y6, Y7, Y9}} }

func main() {
	ConstraintExpr("amd64")
	rotate24, rotate16 := shuffle("rotate24", 3), shuffle("rotate16", 2)

	TEXT("compressAVX2", NOSPLIT, "func(out, x, y, scratch *[128]uint64, add bool)")
	Doc("compressAVX2 sets out to G(x, y), or adds that to it. scratch is overwritten.",
		"out may be neither x nor y.")
	out, x, y, scratch := load("out"), load("x"), load("y"), load("scratch")

	Comment("the shuffles that rotate by 24 and by 16 bits")
	VMOVDQU(rotate24, Y14)
	VMOVDQU(rotate16, Y15)
	Comment("scratch = R = x + y")
	r := Y0
	for offset := 0; offset < blockBytes; offset += 32 {
		VMOVDQU(x.Offset(offset), r)
		VPXOR(y.Offset(offset), r, r)
		VMOVDQU(r, scratch.Offset(offset))
	}
	for row := 0; row < 8; row += 2 {
		Comment("two rows")
		permute(func(q quad, second int, store bool) { moveRow(scratch.Offset((row+second)*rowBytes), q, store) })
	}
	for column := 0; column < 8; column += 2 {
		Comment("two columns")
		permute(func(q quad, second int, store bool) {
			moveColumn(scratch.Offset((column+second)*registerBytes), q, store)
		})
	}
	Comment("out = scratch + R, and what was there")
	add := Load(Param("add"), GP8())
	TESTB(add, add)
	JNZ(LabelRef("xor"))
	finish(out, x, y, scratch, false)
	VZEROUPPER()
	RET()
	Label("xor")
	finish(out, x, y, scratch, true)
	VZEROUPPER()
	RET()
	Generate()
}

func load(name string) Mem { return Mem{Base: Load(Param(name), GP64())} }

// shuffle makes the mask of VPSHUFB that rotates each word to the right by bytes.
func shuffle(name string, bytes int) Mem {
	m := GLOBL(name, RODATA|NOPTR)
	for i := 0; i < 32; i++ {
		word, b := i/8*8%16, i%8
		DATA(i, U8(word+(b+bytes)%8))
	}
	return m
}

// moveRow loads or stores a row.
func moveRow(at Mem, q quad, store bool) {
	for i, v := range []VecPhysical{q.a, q.b, q.c, q.d} {
		if store {
			VMOVDQU(v, at.Offset(32*i))
		} else {
			VMOVDQU(at.Offset(32*i), v)
		}
	}
}

// moveColumn loads or stores a column, two rows for each register.
func moveColumn(at Mem, q quad, store bool) {
	for i, v := range []VecPhysical{q.a, q.b, q.c, q.d} {
		upper, lower := at.Offset(2*i*rowBytes), at.Offset((2*i+1)*rowBytes)
		if store {
			VMOVDQU(v.AsX(), upper)
			VEXTRACTI128(Imm(1), v, lower)
		} else {
			VMOVDQU(upper, v.AsX())
			VINSERTI128(Imm(1), lower, v, v)
		}
	}
}

// permute applies P to two rows or columns.
func permute(move func(q quad, second int, store bool)) {
	both := quads()
	one, two := both[0], both[1]
	move(one, 0, false)
	move(two, 1, false)
	quarter(both)
	turn(both, 0x39, 0x4e, 0x93)
	quarter(both)
	turn(both, 0x93, 0x4e, 0x39)
	move(one, 0, true)
	move(two, 1, true)
}

// turn brings the diagonals into columns, or back.
func turn(qs []quad, b, c, d uint64) {
	for _, q := range qs {
		VPERMQ(Imm(b), q.b, q.b)
		VPERMQ(Imm(c), q.c, q.c)
		VPERMQ(Imm(d), q.d, q.d)
	}
}

// quarter is four quarter rounds at once.
func quarter(qs []quad) {
	each := func(do func(quad)) {
		for _, q := range qs {
			do(q)
		}
	}
	add(qs, func(q quad) (VecPhysical, VecPhysical) { return q.a, q.b })
	each(func(q quad) { VPXOR(q.a, q.d, q.d); VPSHUFD(Imm(0xb1), q.d, q.d) }) // by 32
	add(qs, func(q quad) (VecPhysical, VecPhysical) { return q.c, q.d })
	each(func(q quad) { VPXOR(q.c, q.b, q.b); VPSHUFB(Y14, q.b, q.b) })
	add(qs, func(q quad) (VecPhysical, VecPhysical) { return q.a, q.b })
	each(func(q quad) { VPXOR(q.a, q.d, q.d); VPSHUFB(Y15, q.d, q.d) })
	add(qs, func(q quad) (VecPhysical, VecPhysical) { return q.c, q.d })
	each(func(q quad) { // by 63
		t := q.temporary
		VPXOR(q.c, q.b, q.b)
		VPADDQ(q.b, q.b, t)
		VPSRLQ(Imm(63), q.b, q.b)
		VPXOR(t, q.b, q.b)
	})
}

// add sets x to x + y + 2·lo(x)·lo(y).
func add(qs []quad, pick func(quad) (x, y VecPhysical)) {
	for _, q := range qs {
		x, y := pick(q)
		VPMULUDQ(x, y, q.temporary)
	}
	for _, q := range qs {
		x, y := pick(q)
		VPADDQ(y, x, x)
		VPADDQ(q.temporary, q.temporary, q.temporary)
		VPADDQ(q.temporary, x, x)
	}
}

// finish writes the result.
func finish(out, x, y, scratch Mem, xor bool) {
	for offset := 0; offset < blockBytes; offset += 32 {
		v := Y0
		VMOVDQU(scratch.Offset(offset), v)
		VPXOR(x.Offset(offset), v, v)
		VPXOR(y.Offset(offset), v, v)
		if xor {
			VPXOR(out.Offset(offset), v, v)
		}
		VMOVDQU(v, out.Offset(offset))
	}
}
