// Package userfile reads users from the export files of authctl and of other programs. It
// streams a file, so that the file may be larger than the memory. It also writes authctl's
// own export files.
package userfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/authctl/authctl/authn"
)

// Row is one user of a file.
type Row struct {
	Number  int    // number of the line, or of the user in JSON; from 1
	Unit    string // unit of Number: line or user
	User    authn.Arrival
	Skipped bool  // whether the account belongs to no person, so that it is not imported
	Err     error // why the row is not a user, in words for a person and without secrets
}

// Options has the settings of a [Reader].
type Options struct {
	UsernameFrom string                        // what becomes the username: username (or login, the same), email or slug; "" for the username, or else a name made of the id
	Firebase     FirebaseConfig                // hash parameters of the Firebase project
	Again        func() (io.ReadCloser, error) // opens the file once more, for roles that follow the users; nil for a file that can be read once
	Prehash      string                        // what the program does with a password before it hashes it, see [authn.CheckPrehash]; "" for nothing
}

// Reader reads one file.
type Reader struct {
	options  Options
	unkept   map[string]bool
	lost     map[string]int // users of each role that is none here
	zoneless int
	grants   map[string][]string // roles by the user's id, of a file that has them after the users; nil for none
	accounts map[string]string   // password hashes by the user's id, of a file that has them in a list of their own; nil for none
	defaults map[string]string   // values that a file has for the users who have none of their own; nil for none
	format   string              // of the file, once it is known
	at       int64               // offset of the first byte after a byte order mark and empty lines
	skipped  int                 // number of empty lines before that byte
}

// New returns a Reader.
func New(o Options) *Reader {
	return &Reader{options: o, unkept: map[string]bool{}, lost: map[string]int{}}
}

// Unkept returns the names of the fields in the file that are not imported, sorted.
func (r *Reader) Unkept() []string {
	var names []string
	for name := range r.unkept {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Format returns the format of the file. For [Auto] it is what [Reader.Read] took the file for, or
// Auto itself.
func (r *Reader) Format() string { return r.format }

// Zoneless returns the number of times that were taken as UTC because the file has no zone for them.
func (r *Reader) Zoneless() int { return r.zoneless }

const (
	maxRecord = 64 << 10 // bytes of one user
	maxUnkept = 50       // names at most
)

// Read yields the users of a file of a format, or of any format for [Auto]. A non-nil error ends the
// sequence: the file does not have this format, or, for a [Broken], cannot be read to its end.
func (r *Reader) Read(format string, file io.Reader) iter.Seq2[Row, error] {
	r.format = format
	in := bufio.NewReaderSize(file, maxRecord)
	if err := checkText(in); err != nil {
		return failed(err)
	}
	first, err := r.firstByte(in)
	switch {
	case errors.Is(err, io.EOF):
		return func(func(Row, error) bool) {}
	case err != nil:
		return failed(fmt.Errorf("read users: %w", err))
	}
	if format == Auto {
		if format, err = recognise(in); err != nil {
			return failed(err)
		}
	}
	r.format = format
	return r.readAs(format, in, first)
}

func failed(err error) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) { yield(Row{}, err) }
}

// firstByte skips and counts a byte order mark and empty lines, and returns the byte after them.
func (r *Reader) firstByte(in *bufio.Reader) (byte, error) {
	if mark, err := in.Peek(3); err == nil && string(mark) == "\ufeff" {
		in.Discard(3)
		r.at += 3
	}
	for {
		b, err := in.ReadByte()
		if err != nil {
			return 0, err
		}
		if !strings.ContainsRune(" \t\r\n", rune(b)) {
			return b, in.UnreadByte()
		}
		if r.at++; b == '\n' {
			r.skipped++
		}
	}
}

// drop records the names of fields that are not imported.
func (r *Reader) drop(names ...string) {
	for _, name := range names {
		if len(r.unkept) < maxUnkept && len(name) <= 64 {
			r.unkept[name] = true
		}
	}
}
