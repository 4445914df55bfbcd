package userfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
)

// Broken is the error for a file of the right format that cannot be read to its end: the file is
// truncated, or continues with foreign data. The users before that place have been read.
type Broken struct {
	reason string
}

// Error returns the fault and its place.
func (b *Broken) Error() string { return b.reason }

func broken(format string, args ...any) error {
	return &Broken{fmt.Sprintf(format, args...)}
}

// checkText fails for a file that is not UTF-8 text, and names the kind of file.
func checkText(in *bufio.Reader) error {
	head, _ := in.Peek(6) // the parser judges a shorter file
	for _, known := range []struct{ begins, what string }{
		{"\x1f\x8b", "it is compressed with gzip; gunzip -c FILE | authctl user import -"},
		{"\xfd7zXZ\x00", "it is compressed with xz; xz -dc FILE | authctl user import -"},
		{"\x28\xb5\x2f\xfd", "it is compressed with zstd; zstd -dc FILE | authctl user import -"},
		{"BZh", "it is compressed with bzip2; bzip2 -dc FILE | authctl user import -"},
		{"PK\x03\x04", "it is a zip archive or a spreadsheet; unpack it, or save it as CSV"},
		{"\xff\xfe", "it is in UTF-16; save it in UTF-8"},
		{"\xfe\xff", "it is in UTF-16; save it in UTF-8"},
	} {
		if bytes.HasPrefix(head, []byte(known.begins)) {
			return errors.New(known.what)
		}
	}
	if len(head) > 1 && (head[0] == 0 || head[1] == 0) {
		return errors.New("it is not text in UTF-8")
	}
	return nil
}
