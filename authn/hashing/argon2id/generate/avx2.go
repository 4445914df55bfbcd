package main

import (
	"math/bits"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
)

// avx2 has sixteen registers of four words, which hold two rows or two columns.
func avx2() machine {
	m := machine{name: "AVX2", bytes: 32, vector: YMM, move: VMOVDQU, xor: VPXOR}
	masks := map[int]operand.Mem{16: rotation(16), 24: rotation(24)}
	m.rotate = func(by int, v vector) {
		switch by {
		case 16, 24:
			VPSHUFB(masks[by], v, v)
		case 32:
			VPSHUFD(operand.U8(0b10_11_00_01), v, v)
		case 63:
			doubled := YMM()
			VPADDQ(v, v, doubled)
			VPSRLQ(operand.U8(63), v, v)
			VPXOR(doubled, v, v)
		}
	}
	m.rows = func(b blocks) {
		for row := 0; row < 8; row += 2 {
			m.twoRows(b, row)
		}
	}
	return m
}

// rotation returns the mask with which VPSHUFB rotates words to the right.
func rotation(by int) operand.Mem {
	mask := GLOBL(map[int]string{16: "rotate16", 24: "rotate24"}[by], rodata)
	const word = 0x0706050403020100 // which byte each byte of a word is taken from
	low := bits.RotateLeft64(word, -by)
	for i := 0; i < 32; i += 16 {
		DATA(i, operand.U64(low))
		DATA(i+8, operand.U64(low|0x0808080808080808))
	}
	return mask
}

// twoRows puts P of two rows of x xor y into state. A row is four registers: the a,
// b, c and d of four GB at once.
func (m machine) twoRows(b blocks, row int) {
	var rows []quad
	for offset := row * rowBytes; offset < (row+2)*rowBytes; offset += rowBytes {
		var v [4]vector
		for i := range v {
			v[i] = YMM()
			m.move(at(b.x, offset+i*32), v[i])
			m.xor(at(b.y, offset+i*32), v[i], v[i])
		}
		rows = append(rows, quad{v[0], v[1], v[2], v[3]})
	}
	m.mix(rows)
	m.turnWords(rows, 3, 1, 2)
	m.mix(rows)
	m.turnWords(rows, 1, 3, 2)
	for i, q := range rows {
		for j, v := range []vector{q.a, q.b, q.c, q.d} {
			m.move(v, at(b.state, (row+i)*rowBytes+j*32))
		}
	}
}
