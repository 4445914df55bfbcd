package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
)

// avx512 has thirty-two registers of eight words, so that all rows are computed at
// once. It needs AVX512F, and AVX512BW for VPALIGNR.
func avx512() machine {
	m := machine{name: "AVX512", bytes: 64, vector: ZMM}
	m.move = func(from, to operand.Op) { VMOVDQU64(from, to) }
	m.xor = func(a, b, result operand.Op) { VPXORQ(a, b, result) }
	m.rotate = func(bits int, v vector) { VPRORQ(operand.U8(bits), v, v) }
	m.rows = m.allRows
	return m
}

// allRows puts P of the rows of x xor y into state. A register holds four words of
// one row in its lower half, and of the next row in its upper half.
func (m machine) allRows(b blocks) {
	var rows []quad
	for offset := 0; offset < blockBytes; offset += 2 * rowBytes {
		var v [4]vector // the first row's two halves, then the second's
		for i := range v {
			v[i] = ZMM()
			m.move(at(b.x, offset+i*64), v[i])
			m.xor(at(b.y, offset+i*64), v[i], v[i])
		}
		lower, upper := halves(v[0], v[2])
		lowerEnd, upperEnd := halves(v[1], v[3])
		rows = append(rows, quad{lower, upper, lowerEnd, upperEnd})
	}
	m.mix(rows)
	m.turnWords(rows, 3, 1, 2)
	m.mix(rows)
	m.turnWords(rows, 1, 3, 2)
	for i, q := range rows {
		first, second := halves(q.a, q.b)
		firstEnd, secondEnd := halves(q.c, q.d)
		for j, v := range []vector{first, firstEnd, second, secondEnd} {
			m.move(v, at(b.state, 2*i*rowBytes+j*64))
		}
	}
}

// halves returns the lower halves of both registers side by side, and the upper ones.
func halves(first, second vector) (lower, upper vector) {
	lower, upper = ZMM(), ZMM()
	VSHUFI64X2(operand.U8(0b01_00_01_00), second, first, lower)
	VSHUFI64X2(operand.U8(0b11_10_11_10), second, first, upper)
	return lower, upper
}
