package argon2id

import "sync"

// filling is one hash's way through its memory: RFC 9106, section 3.2, steps 4 to 7.
// The memory is lanes rows of laneLength blocks, each of four segments.
type filling struct {
	compression
	passes, lanes             uint32
	laneLength, segmentLength uint32 // blocks
	memory                    []block
	workspaces                []block
}

// workspace is what one lane needs besides the memory proper.
type workspace struct {
	state     *block // what G has half done
	addresses *block // RFC 9106, section 3.4.1.2: 128 pseudo-random words
	counter   *block // what they are computed from
	zero      *block
}

const workspaceBlocks = 4

func (f *filling) workspace(lane uint32) workspace {
	w := f.workspaces[lane*workspaceBlocks:][:workspaceBlocks]
	return workspace{&w[0], &w[1], &w[2], &w[3]}
}

func newFilling(g compression, in input) filling {
	f := filling{compression: g, passes: in.passes, lanes: uint32(in.lanes)}
	f.segmentLength = in.memory / (slices * f.lanes)
	f.laneLength = slices * f.segmentLength
	return f
}

// blocks returns how many blocks of memory the hash is made over.
func (f *filling) blocks() uint32 { return f.lanes * f.laneLength }

// run fills the memory, the first two blocks of each lane being given.
func (f *filling) run() {
	for pass := range f.passes {
		for slice := range uint32(slices) {
			if f.lanes == 1 {
				f.fill(position{pass, slice, 0})
			} else {
				f.fillLanes(pass, slice)
			}
		}
	}
}

// fillLanes computes one slice, all lanes side by side. They need what the others had
// at its start, so that all must be done with it before the next begins.
func (f *filling) fillLanes(pass, slice uint32) {
	var wait sync.WaitGroup
	for lane := range f.lanes {
		wait.Go(func() { f.fill(position{pass, slice, lane}) })
	}
	wait.Wait()
}

// position is where a segment is.
type position struct{ pass, slice, lane uint32 }

// yieldEvery is after how many blocks, some hundred microseconds, the thread offers the
// processor to whoever waits for it: requests that are quick.
const yieldEvery = 256

// independent reports whether the addresses of the segment must not depend on the
// password: RFC 9106, section 3.4.1.3.
func (p position) independent() bool { return p.pass == 0 && p.slice < slices/2 }

// fill computes the blocks of one segment.
func (f *filling) fill(p position) {
	begin, finish := f.begin, f.finish
	if p.pass > 0 {
		begin, finish = f.beginKeep, f.finishKeep
	}
	index := uint32(0)
	if p.pass == 0 && p.slice == 0 {
		index = 2 // they were given
	}
	if index == f.segmentLength {
		return
	}
	start := p.lane*f.laneLength + p.slice*f.segmentLength
	current := start + index
	previous := current - 1
	if p.slice == 0 && index == 0 {
		previous = current + f.laneLength - 1
	}

	w := f.workspace(p.lane)
	random := f.memory[previous][0]
	if p.independent() {
		f.seedAddresses(w, p)
		random = w.addresses[index]
	}
	reference := f.reference(p, index, random)
	for {
		if index%yieldEvery == 0 {
			yield()
		}
		if p.independent() && (index+1)%blockWords == 0 {
			f.nextAddresses(w)
		}
		out, x, y := &f.memory[current], &f.memory[previous], &f.memory[reference]
		begin(out, w.state, x, y)
		index++
		if index == f.segmentLength {
			finish(out, w.state, x, y, out)
			return
		}
		random = out[0]
		if p.independent() {
			random = w.addresses[index%blockWords]
		}
		reference = f.reference(p, index, random)
		finish(out, w.state, x, y, &f.memory[reference])
		previous, current = current, current+1
	}
}

// reference returns the block that is mixed with the one before index of a segment:
// RFC 9106, section 3.4.2.
func (f *filling) reference(p position, index uint32, random uint64) uint32 {
	lane := p.lane
	if f.lanes > 1 && (p.pass > 0 || p.slice > 0) {
		lane = uint32(random>>32) % f.lanes
	}
	// The window: the segments that are finished, and of the own lane what is done
	// of this one; never the block before, which is mixed in anyway.
	start, size := uint32(0), p.slice*f.segmentLength
	if p.pass > 0 {
		start, size = (p.slice+1)%slices*f.segmentLength, f.laneLength-f.segmentLength
	}
	if lane == p.lane {
		size += index
	}
	if lane == p.lane || index == 0 {
		size--
	}
	x := random & 0xffffffff
	back := uint32(uint64(size) * (x * x >> 32) >> 32)
	at := start + size - 1 - back
	if at >= f.laneLength {
		at -= f.laneLength
	}
	return lane*f.laneLength + at
}

// seedAddresses computes the first addresses of a segment: RFC 9106, section 3.4.1.2.
func (f *filling) seedAddresses(w workspace, p position) {
	*w.zero = block{}
	*w.counter = block{uint64(p.pass), uint64(p.lane), uint64(p.slice), uint64(f.blocks()), uint64(f.passes), variant}
	f.nextAddresses(w)
}

func (f *filling) nextAddresses(w workspace) {
	w.counter[6]++
	for _, from := range [...]*block{w.counter, w.addresses} {
		f.begin(w.addresses, w.state, w.zero, from)
		f.finish(w.addresses, w.state, w.zero, from, w.zero)
	}
}

// collect returns the last blocks of all lanes, xored.
func (f *filling) collect() *block {
	sum := f.workspace(0).state
	*sum = f.memory[f.laneLength-1]
	for lane := uint32(1); lane < f.lanes; lane++ {
		for i, word := range &f.memory[(lane+1)*f.laneLength-1] {
			sum[i] ^= word
		}
	}
	return sum
}
