package argon2id

// Arena is the working memory of one hash at a time, kept for the next one. It is outside
// of the Go heap where the system allows that.
type Arena struct {
	compress compress
	memory   []block
	release  func() error // gives the memory back to the system
}

// New makes an Arena that computes with the fastest implementation that the processor
// has; false where that is none of this package, and golang.org/x/crypto/argon2 is to be
// used.
func New() (*Arena, bool) {
	if c := fastest(); c != nil {
		return &Arena{compress: c}, true
	}
	return nil, false
}

// blocks returns so many blocks, with what they held before.
func (a *Arena) blocks(n int) ([]block, error) {
	if n <= len(a.memory) {
		return a.memory[:n], nil
	}
	if err := a.Close(); err != nil {
		return nil, err
	}
	memory, release, err := allocate(n)
	if err != nil {
		return nil, err
	}
	a.memory, a.release = memory, release
	return a.memory, nil
}

// Size returns how many bytes the arena holds.
func (a *Arena) Size() int64 { return int64(len(a.memory)) * blockBytes }

// Close wipes the memory and gives it back. The arena can be used again.
func (a *Arena) Close() error {
	clear(a.memory)
	a.memory = nil
	if a.release == nil {
		return nil
	}
	release := a.release
	a.release = nil
	return release()
}
