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
	"sync"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

//go:embed blocklist.txt.gz
var embeddedBlocklist []byte

// Blocklist is a set of common passwords that are refused. A nil Blocklist is empty.
type Blocklist struct {
	passwords func() passwordList // safe for concurrent use
}

// passwordList is the content of a list. It is one text and no map, which would be the largest part
// of the heap, and be scanned at each collection.
type passwordList struct {
	text string   // the passwords in byte order, one after the other
	ends []uint32 // where each of them ends
}

// embeddedList unpacks the list that is compiled in, once, for the first password that is checked:
// most commands check none, and would spend a tenth of their processor time on it.
var embeddedList = sync.OnceValue(func() passwordList {
	zr, err := gzip.NewReader(bytes.NewReader(embeddedBlocklist))
	if err != nil {
		panic(fmt.Sprintf("open embedded blocklist: %v", err)) // a test reads it
	}
	l, err := readList(zr)
	if err != nil {
		panic(fmt.Sprintf("embedded blocklist: %v", err))
	}
	return l
})

// EmbeddedBlocklist returns the list that is compiled in. docs/passwords.md names its source.
func EmbeddedBlocklist() *Blocklist { return &Blocklist{passwords: embeddedList} }

// ReadBlocklist reads one password per line, in UTF-8. It skips empty lines; there are no comments.
// Lines are compared in lower case and NFC.
func ReadBlocklist(r io.Reader) (*Blocklist, error) {
	l, err := readList(r)
	if err != nil {
		return nil, err
	}
	return &Blocklist{passwords: func() passwordList { return l }}, nil
}

func readList(r io.Reader) (passwordList, error) {
	var passwords []string
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSuffix(lines.Text(), "\r")
		if !utf8.ValidString(line) {
			return passwordList{}, fmt.Errorf("read blocklist: line %d is not valid UTF-8", n)
		}
		if line != "" {
			passwords = append(passwords, strings.ToLower(norm.NFC.String(line)))
		}
	}
	if err := lines.Err(); err != nil {
		return passwordList{}, fmt.Errorf("read blocklist: %w", err)
	}
	return newList(passwords)
}

// newList makes a list of passwords in lower case and NFC.
func newList(passwords []string) (passwordList, error) {
	slices.Sort(passwords)
	passwords = slices.Compact(passwords)
	l := passwordList{text: strings.Join(passwords, ""), ends: make([]uint32, 0, len(passwords))}
	if uint64(len(l.text)) > math.MaxUint32 {
		return passwordList{}, fmt.Errorf("read blocklist: %d bytes are more than 4 GiB", len(l.text))
	}
	end := 0
	for _, password := range passwords {
		end += len(password)
		l.ends = append(l.ends, uint32(end))
	}
	return l, nil
}

// Contains reports whether the whole password is on the list. lower must be in lower case and NFC.
func (b *Blocklist) Contains(lower string) bool {
	if b == nil {
		return false
	}
	l := b.passwords()
	_, ok := sort.Find(len(l.ends), func(i int) int { return strings.Compare(lower, l.at(i)) })
	return ok
}

func (l passwordList) at(i int) string {
	if i == 0 {
		return l.text[:l.ends[0]]
	}
	return l.text[l.ends[i-1]:l.ends[i]]
}

// Len returns the number of passwords on the list.
func (b *Blocklist) Len() int {
	if b == nil {
		return 0
	}
	return len(b.passwords().ends)
}
