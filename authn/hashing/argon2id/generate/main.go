// Command generate writes the assembly of package argon2id: `go generate` in the
// folder above runs it. It is a module of its own, so that what it needs reaches
// neither authctl's module nor its binary.
//
// It writes the compression function G of RFC 9106, section 3.5, in two parts. A
// block of 1024 bytes is a matrix of eight rows of sixteen 64-bit words:
//
//	R = X xor Y
//	Q = P on each row of R
//	Z = P on each column of Q, a column being two words wide
//	G = Z xor R
//
// The first part stops as soon as the first words of the result are known: they
// name the block that the next call will read, so that the caller can have it
// fetched from memory while the second part runs.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const (
	blockBytes = 1024
	rowBytes   = 128
	lineBytes  = 64 // of the processor's cache

	noSplit = 4 // the attributes of runtime/textflag.h
	rodata  = 8 | 16
)

func main() {
	ConstraintExpr("amd64")
	for _, m := range []machine{avx2(), avx512()} {
		for _, keep := range []bool{false, true} {
			m.begin(keep)
			m.finish(keep)
		}
	}
	Generate()
}

// blocks are what a function works on. keep says that the result is xored into what
// out holds, as all passes but the first do.
type blocks struct {
	out, state, x, y reg.Register
	keep             bool
}

// begin writes the part up to the first columns of the result.
func (m machine) begin(keep bool) {
	open("begin"+m.name, keep, "out, state, x, y",
		"puts P of the rows of x xor y into state, and the first columns of the result into out.")
	b := blocks{argument("out"), argument("state"), argument("x"), argument("y"), keep}
	m.rows(b)
	m.columns(b, 0)
	VZEROUPPER()
	RET()
}

// finish writes the other part.
func (m machine) finish(keep bool) {
	open("finish"+m.name, keep, "out, state, x, y, next",
		"puts the other columns of the result into out, while next is fetched from memory.")
	next := argument("next")
	for offset := 0; offset < blockBytes; offset += lineBytes {
		PREFETCHT0(at(next, offset))
	}
	b := blocks{argument("out"), argument("state"), argument("x"), argument("y"), keep}
	for offset := m.bytes; offset < rowBytes; offset += m.bytes {
		m.columns(b, offset)
	}
	VZEROUPPER()
	RET()
}

func open(name string, keep bool, arguments, does string) {
	if keep {
		name += "Keep"
		does += " The result is xored into what out held."
	}
	TEXT(name, noSplit, "func("+arguments+" *[128]uint64)")
	Pragma("noescape")
	Doc(name + " " + does)
}

func argument(name string) reg.Register { return Load(Param(name), GP64()) }

func at(base reg.Register, offset int) operand.Mem { return operand.Mem{Base: base, Disp: offset} }
