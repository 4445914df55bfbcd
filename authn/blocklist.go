package authn

import (
	"bufio"
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

//go:embed blocklist.txt.gz
var embeddedBlocklist []byte

// Blocklist is a set of common passwords that are refused. A nil Blocklist is empty. It is one text
// and no map, which would be the largest part of the heap, and be scanned at each collection.
type Blocklist struct {
	text string   // the passwords in byte order, one after the other
	ends []uint32 // where each of them ends
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
	var passwords []string
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSuffix(lines.Text(), "\r")
		if !utf8.ValidString(line) {
			return nil, fmt.Errorf("read blocklist: line %d is not valid UTF-8", n)
		}
		if line != "" {
			passwords = append(passwords, strings.ToLower(norm.NFC.String(line)))
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read blocklist: %w", err)
	}
	return newBlocklist(passwords)
}

// newBlocklist makes a list of passwords in lower case and NFC.
func newBlocklist(passwords []string) (*Blocklist, error) {
	slices.Sort(passwords)
	passwords = slices.Compact(passwords)
	b := &Blocklist{text: strings.Join(passwords, ""), ends: make([]uint32, 0, len(passwords))}
	if uint64(len(b.text)) > math.MaxUint32 {
		return nil, fmt.Errorf("read blocklist: %d bytes are more than 4 GiB", len(b.text))
	}
	end := 0
	for _, password := range passwords {
		end += len(password)
		b.ends = append(b.ends, uint32(end))
	}
	return b, nil
}

// Contains reports whether the whole password is on the list. lower must be in lower case and NFC.
func (b *Blocklist) Contains(lower string) bool {
	if b == nil {
		return false
	}
	_, ok := sort.Find(len(b.ends), func(i int) int { return strings.Compare(lower, b.at(i)) })
	return ok
}

func (b *Blocklist) at(i int) string {
	if i == 0 {
		return b.text[:b.ends[0]]
	}
	return b.text[b.ends[i-1]:b.ends[i]]
}

// Len returns the number of passwords on the list.
func (b *Blocklist) Len() int {
	if b == nil {
		return 0
	}
	return len(b.ends)
}
