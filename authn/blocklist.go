package authn

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

//go:embed blocklist.txt.gz
var embeddedBlocklist []byte

// Blocklist is a set of common passwords that are refused. A nil Blocklist is empty.
type Blocklist struct {
	passwords map[string]struct{}
}

// EmbeddedBlocklist returns the list that is compiled in. docs/passwords.md names its source.
func EmbeddedBlocklist() (*Blocklist, error) {
	zr, err := gzip.NewReader(bytes.NewReader(embeddedBlocklist))
	if err != nil {
		return nil, fmt.Errorf("open embedded blocklist: %w", err)
	}
	return ReadBlocklist(zr)
}

// ReadBlocklist reads one password per line, in UTF-8. It skips empty lines; there are no comments.
// Lines are compared in lower case and NFC.
func ReadBlocklist(r io.Reader) (*Blocklist, error) {
	b := &Blocklist{passwords: make(map[string]struct{}, 1<<14)}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSuffix(lines.Text(), "\r")
		if !utf8.ValidString(line) {
			return nil, fmt.Errorf("read blocklist: line %d is not valid UTF-8", n)
		}
		if line != "" {
			b.passwords[strings.ToLower(norm.NFC.String(line))] = struct{}{}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read blocklist: %w", err)
	}
	return b, nil
}

// Contains reports whether the whole password is on the list. lower must be in lower case and NFC.
func (b *Blocklist) Contains(lower string) bool {
	if b == nil {
		return false
	}
	_, ok := b.passwords[lower]
	return ok
}

// Len returns the number of passwords on the list.
func (b *Blocklist) Len() int {
	if b == nil {
		return 0
	}
	return len(b.passwords)
}
