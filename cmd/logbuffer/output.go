package logbuffer

import (
	"bytes"
	"errors"
	"io"
	"syscall"
	"time"
)

// maxWrite is the max length of one write in bytes, unless one line is longer. It is PIPE_BUF of Linux: a
// pipe takes such a write whole, so that lines of several processes do not mix (POSIX, write()), and
// SIGKILL cuts none.
const maxWrite = 4096

// lineOutput writes lines to an output that may fail.
type lineOutput struct {
	out    io.Writer
	report func(lines uint64, cause error) []byte

	rest    []byte // the end of a line that the output took in part; it is written before anything else
	missing uint64 // lines that were lost and not reported
	cause   error  // why
}

// write writes lines, and returns how many of them were lost because the output failed.
func (o *lineOutput) write(lines []byte) (lost uint64) {
	if len(lines) == 0 {
		return 0
	}
	err := o.finish()
	if err == nil && o.missing > 0 {
		var unreported uint64
		if unreported, err = o.emit(o.report(o.missing, o.cause)); unreported == 0 {
			o.missing = 0
		}
	}
	if err == nil {
		lost, err = o.emit(lines)
	} else {
		lost = lineCount(lines)
	}
	if err != nil {
		o.missing += lost
		o.cause = err
	}
	return lost
}

// finish writes the rest of the line that was cut.
func (o *lineOutput) finish() error {
	n, err := o.writeAll(o.rest)
	o.rest = o.rest[n:]
	return err
}

// emit writes whole lines. If the output fails, it returns how many lines were lost. A line that the
// output took in part is not lost: its rest is kept.
func (o *lineOutput) emit(lines []byte) (lost uint64, err error) {
	for len(lines) > 0 {
		chunk := nextChunk(lines)
		n, err := o.writeAll(chunk)
		if err != nil {
			left := lines[n:]
			if n > 0 && lines[n-1] != '\n' {
				end := bytes.IndexByte(left, '\n') + 1
				o.rest = append(o.rest[:0], left[:end]...)
				left = left[end:]
			}
			return lineCount(left), err
		}
		lines = lines[len(chunk):]
	}
	return 0, nil
}

// nextChunk returns the lines at the begin that fit one write, at least one.
func nextChunk(lines []byte) []byte {
	if len(lines) <= maxWrite {
		return lines
	}
	if end := bytes.LastIndexByte(lines[:maxWrite], '\n'); end >= 0 {
		return lines[:end+1]
	}
	if end := bytes.IndexByte(lines, '\n'); end >= 0 {
		return lines[:end+1]
	}
	return lines
}

// writeAll writes b. If another process has made the output non-blocking, it waits until there is room.
func (o *lineOutput) writeAll(b []byte) (written int, err error) {
	for written < len(b) && err == nil {
		var n int
		n, err = o.out.Write(b[written:])
		written += n
		switch {
		case errors.Is(err, syscall.EAGAIN):
			time.Sleep(10 * time.Millisecond)
			err = nil
		case err == nil && n == 0:
			err = io.ErrShortWrite
		}
	}
	return written, err
}
