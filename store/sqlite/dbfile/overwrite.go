package dbfile

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"sync"

	"github.com/authctl/authctl/store"
)

// Overwrites notices what is written into the database's file past SQLite, as by cp over it. SQLite writes
// there in checkpoints only. Before one writes it says so in the index of the write-ahead log,
// and when it has ended it says how far it came. So a file that has changed while nothing
// there has was written to by something else.
type Overwrites struct {
	file    *File
	looking sync.Mutex
	index   *os.File // stays open: closing it would end SQLite's locks on it (fcntl(2))
	at      progress // read before seen
	seen    os.FileInfo
}

// progress is how far checkpoints have come. What has ended never is the same again.
type progress struct {
	log   [8]byte // salt of the write-ahead log, which changes each time it begins anew
	done  uint32  // frames of it that are in the file
	begun uint32  // frames that a checkpoint wanted to bring there
}

// idle reports whether no checkpoint is under way, nor was cut short.
func (p progress) idle() bool { return p.begun <= p.done }

// Where the index has these (https://www.sqlite.org/walformat.html, section 2).
const (
	indexSalt  = 32
	indexDone  = 96
	indexBegun = 128
	indexRead  = 132
)

// Overwrites returns what watches the file. There is one, whoever asks: what it has seen stays seen.
func (f *File) Overwrites() *Overwrites { return &f.overwrites }

// Check looks once. It fails as [File.Check] does.
func (o *Overwrites) Check() error {
	if err := o.file.Check(); err != nil || !coherent() {
		return err
	}
	o.looking.Lock()
	defer o.looking.Unlock()
	if o.seen == nil {
		return o.begin()
	}
	now, err := os.Stat(o.file.path)
	if err != nil {
		return o.unknown(err)
	}
	if now.Size() == o.seen.Size() && now.ModTime().Equal(o.seen.ModTime()) {
		return nil
	}
	at, err := o.progress()
	if err != nil {
		return o.unknown(err)
	}
	if at == o.at && at.idle() {
		return o.file.lose(database, "was written to by something other than SQLite", false)
	}
	return o.begin()
}

// coherent reports whether the system shows a file that is read as it is mapped by SQLite, and tells
// of a write at once: Windows does when the file is closed.
func coherent() bool {
	switch runtime.GOOS {
	case "linux", "darwin", "freebsd":
		return true
	default:
		return false
	}
}

// begin notes how things are. A checkpoint that begins in between explains a later change, which the
// other order would not.
func (o *Overwrites) begin() (err error) {
	if o.index == nil {
		if o.index, err = os.Open(o.file.kept[index].path); err != nil {
			return o.unknown(err)
		}
	}
	at, err := o.progress()
	if err != nil {
		return o.unknown(err)
	}
	seen, err := os.Stat(o.file.path)
	if err != nil {
		return o.unknown(err)
	}
	o.at, o.seen = at, seen
	return nil
}

func (o *Overwrites) progress() (p progress, err error) {
	var read [indexRead]byte
	if _, err := o.index.ReadAt(read[:], 0); err != nil {
		return p, err
	}
	copy(p.log[:], read[indexSalt:])
	p.done = binary.NativeEndian.Uint32(read[indexDone:])
	p.begun = binary.NativeEndian.Uint32(read[indexBegun:])
	return p, nil
}

// unknown looks again at a file that could not be looked at.
func (o *Overwrites) unknown(err error) error {
	if lost := o.file.Check(); lost != nil {
		return lost
	}
	return fmt.Errorf("look at the database file: %w: %w", store.ErrUnavailable, err)
}

// close ends the watch, after the last connection.
func (o *Overwrites) close() {
	o.looking.Lock()
	defer o.looking.Unlock()
	if o.index != nil {
		o.index.Close()
		o.index, o.seen = nil, nil
	}
}
