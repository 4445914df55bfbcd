package argon2id

import (
	"math/bits"
	"math/rand/v2"
	"testing"
)

// plainG is G as RFC 9106, section 3.5, writes it down.
func plainG(x, y *block) block {
	r := xor(x, y)
	z := r
	for i := range 8 {
		var row [16]*uint64
		for j := range row {
			row[j] = &z[16*i+j]
		}
		plainP(row)
	}
	for i := range 8 {
		var column [16]*uint64
		for j := range column {
			column[j] = &z[j/2*16+2*i+j%2]
		}
		plainP(column)
	}
	return xor(&z, &r)
}

// plainP is P of RFC 9106, section 3.6.
func plainP(v [16]*uint64) {
	for i := range 4 {
		plainGB(v[i], v[4+i], v[8+i], v[12+i])
	}
	for i := range 4 {
		plainGB(v[i], v[4+(i+1)%4], v[8+(i+2)%4], v[12+(i+3)%4])
	}
}

func plainGB(a, b, c, d *uint64) {
	for _, by := range [...][2]int{{32, 24}, {16, 63}} {
		*a += *b + 2*uint64(uint32(*a))*uint64(uint32(*b))
		*d = bits.RotateLeft64(*d^*a, -by[0])
		*c += *d + 2*uint64(uint32(*c))*uint64(uint32(*d))
		*b = bits.RotateLeft64(*b^*c, -by[1])
	}
}

func xor(x, y *block) block {
	var sum block
	for i := range sum {
		sum[i] = x[i] ^ y[i]
	}
	return sum
}

// plain is the compression in Go, which the race detector instruments. The first part does all
// the work.
func plain() compression {
	return compression{
		begin:      func(out, _, x, y *block) { *out = plainG(x, y) },
		beginKeep:  func(out, _, x, y *block) { g := plainG(x, y); *out = xor(out, &g) },
		finish:     func(_, _, _, _, _ *block) {},
		finishKeep: func(_, _, _, _, _ *block) {},
	}
}

// operands are the inputs and outputs of a compression.
type operands struct{ out, state, x, y, next *block }

// randomize fills all of them with random words, some of which are 0 or the maximum.
func (o operands) randomize(random *rand.Rand) {
	for _, b := range [...]*block{o.out, o.state, o.x, o.y, o.next} {
		for i := range b {
			switch random.IntN(8) {
			case 0:
				b[i] = 0
			case 1:
				b[i] = 1<<64 - 1
			default:
				b[i] = random.Uint64()
			}
		}
	}
}

// verify runs both halves of both forms and compares all that they leave.
func (o operands) verify(t *testing.T, impl Implementation, random *rand.Rand) {
	t.Helper()
	g, ok := compressionOf(impl)
	if !ok {
		t.Fatalf("%s is not offered", impl)
	}
	o.randomize(random)
	o.steps(t, impl, g.begin, g.finish, plainG(o.x, o.y))

	o.randomize(random)
	want := plainG(o.x, o.y)
	o.steps(t, impl, g.beginKeep, g.finishKeep, xor(o.out, &want))
}

func (o operands) steps(t *testing.T, impl Implementation, begin func(out, state, x, y *block), finish func(out, state, x, y, next *block), want block) {
	t.Helper()
	x, y, next := *o.x, *o.y, *o.next
	begin(o.out, o.state, o.x, o.y)
	if o.out[0] != want[0] || o.out[1] != want[1] {
		t.Errorf("%s: the first words are not known after the first part", impl)
	}
	finish(o.out, o.state, o.x, o.y, o.next)
	if *o.out != want {
		t.Errorf("%s: G is wrong", impl)
	}
	if o.x != o.out && *o.x != x || o.y != o.out && *o.y != y || *o.next != next {
		t.Errorf("%s changed what it read", impl)
	}
}

func TestAssemblyComputesG(t *testing.T) {
	t.Parallel()
	for _, impl := range accelerated() {
		random := rand.New(rand.NewPCG(1, 2))
		for range 200 {
			var b [5]block
			operands{&b[0], &b[1], &b[2], &b[3], &b[4]}.verify(t, impl, random)
		}
	}
}

func TestAssemblyMayWriteOverWhatItReads(t *testing.T) {
	t.Parallel()
	for _, impl := range accelerated() {
		random := rand.New(rand.NewPCG(3, 4))
		for range 50 {
			var b [4]block
			for _, o := range []operands{
				{&b[0], &b[1], &b[0], &b[2], &b[3]},
				{&b[0], &b[1], &b[2], &b[0], &b[3]},
				{&b[0], &b[1], &b[2], &b[2], &b[2]},
			} {
				o.randomize(random)
				g, _ := compressionOf(impl)
				o.steps(t, impl, g.begin, g.finish, plainG(o.x, o.y))
			}
		}
	}
}

// Once in Go memory with G in Go, so that the race detector sees every access of every lane.
// Once with the assembly, which the detector does not see, to compare the result.
func TestLanesDoNotRace(t *testing.T) {
	t.Parallel()
	in := input{passes: 3, memory: 600, lanes: 4, length: 32}
	compute := func(g compression) []block {
		f := newFilling(g, in)
		f.memory, f.workspaces = make([]block, f.blocks()), make([]block, f.lanes*workspaceBlocks)
		for i := range f.memory {
			f.memory[i][0] = uint64(i) * 0x9e3779b97f4a7c15
		}
		f.run()
		return f.memory
	}
	want := compute(plain())
	for _, impl := range accelerated() {
		g, _ := compressionOf(impl)
		got := compute(g)
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("%s: block %d differs", impl, i)
			}
		}
	}
}
