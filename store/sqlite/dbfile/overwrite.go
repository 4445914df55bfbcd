package dbfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"github.com/authctl/authctl/store"
)

// Overwrites notices changes to the database's file and its write-ahead log that bypass SQLite, such as cp over
// the one or truncation of the other. The log always has its header and the frames that its index lists.
// SQLite writes to the file only in checkpoints. A checkpoint notes its begin and its end in the index of the
// write-ahead log. So if the file has changed and these notes have not,
// another program has written to it.
type Overwrites struct {
	file    *File
	looking sync.Mutex
	index   *os.File // stays open: closing it would release SQLite's locks on it (fcntl(2))
	log     *os.File
	at      progress // read before seen
	seen    os.FileInfo
}

// progress is how far checkpoints have come. The progress after a finished checkpoint never
// repeats.
type progress struct {
	log   [8]byte // salt of the write-ahead log, which changes each time the log restarts
	done  uint32  // frames of the log that are in the file
	begun uint32  // frames that the latest checkpoint was to copy
}

// idle reports whether no checkpoint is running or was interrupted.
func (p progress) idle() bool { return p.begun <= p.done }

// The offsets of these in the index (https://www.sqlite.org/walformat.html, section 2).
const (
	indexPage  = 14
	indexLast  = 16
	indexSalt  = 32
	indexCopy  = 48 // a copy of everything before it
	indexDone  = 96
	indexBegun = 128
	indexRead  = 132
)

// Offsets and sizes in the write-ahead log (https://www.sqlite.org/fileformat.html, section 4.1).
const (
	logHeader = 32
	logSalt   = 16
)

// Overwrites returns the watcher of the file. All callers share one, so that it remembers what it
// has seen.
func (f *File) Overwrites() *Overwrites { return &f.overwrites }

// Check checks the files once. It fails as [File.Check] does.
func (o *Overwrites) Check() error {
	if err := o.file.Check(); err != nil || !coherent() {
		return err
	}
	o.looking.Lock()
	defer o.looking.Unlock()
	if o.seen == nil {
		return o.begin()
	}
	short, err := o.cutShort()
	if err != nil {
		return o.unknown(err)
	}
	if short {
		return o.file.lose(log, "was cut short", false)
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

// cutShort reports whether the write-ahead log lacks its header or frames that were committed to
// it. The size alone cannot show that after later writes. It compares the log with an index that
// does not change meanwhile: SQLite empties the index before it shortens or restarts the log.
func (o *Overwrites) cutShort() (bool, error) {
	var before, after [2 * indexCopy]byte
	if _, err := o.index.ReadAt(before[:], 0); err != nil {
		return false, err
	}
	info, err := o.log.Stat()
	if err != nil {
		return false, err
	}
	var header [logHeader]byte // zeros if it was truncated and a frame was written later
	if _, err := o.log.ReadAt(header[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	if _, err := o.index.ReadAt(after[:], 0); err != nil {
		return false, err
	}
	least := logSize(before[:])
	if least == 0 || before != after || !bytes.Equal(before[:indexCopy], before[indexCopy:]) {
		return false, nil
	}
	return info.Size() < least || !bytes.Equal(header[logSalt:logSalt+8], before[indexSalt:indexSalt+8]), nil
}

// logSize returns the min size of a write-ahead log with this index: its header, plus a header and
// a page per frame.
func logSize(index []byte) int64 {
	frames := int64(binary.NativeEndian.Uint32(index[indexLast:]))
	if frames == 0 {
		return 0
	}
	page := int64(binary.NativeEndian.Uint16(index[indexPage:]))
	if page == 1 { // 65536 does not fit
		page = 1 << 16
	}
	return logHeader + frames*(24+page)
}

// coherent reports whether reading a file immediately shows what SQLite has written through a
// mapping, and its new time. On Windows that takes until the file is closed.
func coherent() bool {
	switch runtime.GOOS {
	case "linux", "darwin", "freebsd":
		return true
	default:
		return false
	}
}

// begin records the current state. It reads the progress first: a checkpoint that begins in between
// then explains a later change.
func (o *Overwrites) begin() (err error) {
	if o.index == nil {
		if o.index, err = os.Open(o.file.kept[index].path); err != nil {
			return o.unknown(err)
		}
	}
	if o.log == nil {
		if o.log, err = os.Open(o.file.kept[log].path); err != nil {
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

// unknown checks again a file that could not be read.
func (o *Overwrites) unknown(err error) error {
	if lost := o.file.Check(); lost != nil {
		return lost
	}
	return fmt.Errorf("check the database file: %w: %w", store.ErrUnavailable, err)
}

// close ends the watch, after the last connection was closed.
func (o *Overwrites) close() {
	o.looking.Lock()
	defer o.looking.Unlock()
	for _, open := range []*os.File{o.index, o.log} {
		if open != nil {
			open.Close()
		}
	}
	o.index, o.log, o.seen = nil, nil, nil
}
