package userfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
)

// Broken is why a file of the right format cannot be read to its end: it is cut off, or
// goes on with something that does not belong to it. The users before that have been read.
type Broken struct {
	reason string
}

// Error says what is broken, and where.
func (b *Broken) Error() string { return b.reason }

func broken(format string, args ...any) error {
	return &Broken{fmt.Sprintf(format, args...)}
}

// checkText fails for a file that is no text in UTF-8, and says what it is.
func checkText(in *bufio.Reader) error {
	head, _ := in.Peek(6) // what is shorter is judged later
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
		return errors.New("it is no text in UTF-8")
	}
	return nil
}
