package userfile

import (
	"bufio"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// ldif reads the entries of a file.
type ldif struct {
	r     *Reader
	in    *bufio.Reader
	line  int    // number of the last line read
	ahead string // the line after it, if begun
	begun bool
	ended bool
	cut   bool // the last line has no line break
}

// badEntry is an entry that cannot be read. The rest of the file can.
type badEntry struct{ reason, uid string }

// Error returns the reason.
func (b *badEntry) Error() string { return b.reason }

// next returns the next entry and the line where it begins. It fails with [io.EOF] at the end, with
// a badEntry, or with an error that ends the file.
func (l *ldif) next() (e entry, begins int, err error) {
	e, size := entry{}, 0
	var bad *badEntry
	for {
		line, at, err := l.unfolded()
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, begins, err
		}
		if line == "" {
			switch {
			case bad != nil:
				bad.uid = e.first("uid")
				return nil, begins, bad
			case len(e) > 0:
				return e, begins, nil
			case errors.Is(err, io.EOF):
				return nil, 0, io.EOF
			}
			continue
		}
		if begins == 0 {
			begins = at
		}
		name, value, fault := attribute(line)
		switch size += len(value); {
		case len(e) == 0 && bad == nil && slices.Contains([]string{"search", "result", "ref"}, name):
			if err := l.result(line); err != nil {
				return nil, begins, err
			}
			begins, size = 0, 0
			continue
		case fault != nil && len(e) == 0 && bad == nil:
			return nil, begins, broken("line %d is not the beginning of an entry (dn: …)", at)
		case fault != nil:
			bad = &badEntry{reason: fault.Error()}
		case name == "version" && len(e) == 0:
			begins = 0
			continue
		case name != "dn" && len(e) == 0:
			return nil, begins, broken("line %d is not the beginning of an entry (dn: …)", at)
		case size > maxRecord:
			bad = &badEntry{reason: errTooLong.Error()}
		case name == "changetype" && value != "add":
			bad = &badEntry{reason: "it changes an entry (changetype: " + shown(value) + "), and only whole entries can be read"}
		default:
			e[name] = append(e[name], value)
		}
	}
}

// result reads the rest of what ldapsearch adds to the entries: a reference to another directory, or the
// result of the search (RFC 4511, section 4.1.9). It fails unless the search has found everything.
func (l *ldif) result(line string) error {
	for line != "" {
		if result, is := strings.CutPrefix(line, "result: "); is && result != "0" && !strings.HasPrefix(result, "0 ") {
			return broken("the directory ended the search with %q: it may have more users than the file", shown(result))
		}
		var err error
		if line, _, err = l.unfolded(); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	return nil
}

// attribute reads a line: NAME: VALUE, or NAME:: BASE64. Options after the name, such as ;lang-en,
// are cut off.
func attribute(line string) (name, value string, err error) {
	name, value, found := strings.Cut(line, ":")
	if !found || name == "" {
		return "", "", errors.New("it has a line without a colon")
	}
	name, _, _ = strings.Cut(strings.ToLower(name), ";")
	switch {
	case !slices.Contains(ldifRead(), name): // perhaps a photograph
		return name, "", nil
	case strings.HasPrefix(value, ":"):
		decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value[1:]))
		if err != nil {
			return name, "", fmt.Errorf("its %s is not base64", shown(name))
		}
		value = string(decoded)
	case strings.HasPrefix(value, "<"):
		return name, "", fmt.Errorf("its %s is in another file, which is not read", shown(name))
	default:
		value = strings.TrimLeft(value, " ")
	}
	if !utf8.ValidString(value) {
		return name, "", fmt.Errorf("its %s is not valid UTF-8", shown(name))
	}
	return name, value, nil
}

// unfolded returns the next line with its continuation lines, and its number. It leaves out comments.
// An empty line ends an entry.
func (l *ldif) unfolded() (text string, at int, err error) {
	for {
		line, err := l.raw()
		if err != nil {
			return "", l.line, err
		}
		at = l.line
		var b strings.Builder
		b.WriteString(line)
		for {
			more, err := l.peek()
			if err != nil || !strings.HasPrefix(more, " ") {
				break
			}
			l.raw()
			if b.Len() <= 16*maxRecord { // a photograph
				b.WriteString(more[1:])
			}
		}
		if !strings.HasPrefix(line, "#") {
			return b.String(), at, nil
		}
	}
}

func (l *ldif) peek() (string, error) {
	if !l.begun {
		line, err := l.read()
		if err != nil {
			return "", err
		}
		l.ahead, l.begun = line, true
	}
	return l.ahead, nil
}

func (l *ldif) raw() (string, error) {
	line, err := l.peek()
	if err != nil {
		return "", err
	}
	l.begun = false
	l.line++
	return line, nil
}

// read reads one line as it is in the file, and fails with [io.EOF] after the last one.
func (l *ldif) read() (string, error) {
	if l.ended {
		return "", io.EOF
	}
	text, err := l.in.ReadSlice('\n')
	line := string(text)
	if errors.Is(err, bufio.ErrBufferFull) {
		_, err = skipLine(l.in)
	}
	switch {
	case errors.Is(err, io.EOF):
		l.ended, l.cut = true, line != ""
		if line == "" {
			return "", io.EOF
		}
	case err != nil:
		return "", fmt.Errorf("read users: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
