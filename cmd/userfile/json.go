package userfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/authctl/authctl/authn"
)

var (
	errTooLong = fmt.Errorf("it has more than %d KiB", maxRecord>>10)
	errNoJSON  = errors.New("it is not a JSON object")
)

// object is a JSON object that stands for one user.
type object map[string]json.RawMessage

// take decodes a member into out and removes the member. A missing or null member leaves out
// unchanged.
func (o object) take(name string, out any) error {
	raw, there := o[name]
	delete(o, name)
	if !there || string(raw) == "null" {
		return nil
	}
	if json.Unmarshal(raw, out) != nil {
		return fmt.Errorf("its %s is of another type than it should be", name)
	}
	return nil
}

// takeAll decodes several members.
func (o object) takeAll(members map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if err := o.take(name, members[name]); err != nil {
			return err
		}
	}
	return nil
}

// errSkip marks an object that is not a user.
var errSkip = errors.New("no user")

// decode reads one object with a format's function. It fails if the object has a password hash
// under a name that the format does not have, because the hash would be lost.
func (r *Reader) decode(o object, user func(object) (authn.Arrival, error)) (authn.Arrival, error) {
	u, err := r.tidy(user(o))
	if err != nil {
		return u, err
	}
	for name, value := range o {
		if u.PasswordHash == "" && isHash(plainName(name)) && string(value) != "null" && string(value) != `""` {
			return u, errHashLost(name)
		}
	}
	r.drop(slices.Collect(maps.Keys(o))...)
	return u, nil
}

// meter is a reader that fails when one user has too many bytes.
type meter struct {
	in    io.Reader
	left  int
	total int64 // bytes read so far
	last  byte  // the last byte read
	ended bool
}

func (m *meter) reset()     { m.left = 2*maxRecord + 4096 } // plus the read-ahead of the decoder
func (m *meter) boundless() { m.left = 1 << 30 }

// Read implements [io.Reader].
func (m *meter) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, errTooLong
	}
	n, err := m.in.Read(p[:min(len(p), m.left)])
	m.left -= n
	if m.total += int64(n); n > 0 {
		m.last = p[n-1]
	}
	m.ended = m.ended || errors.Is(err, io.EOF)
	return n, err
}

// members calls do with each member of a JSON object, in order. It fails on invalid UTF-8, a
// duplicate member, and data after the object.
func members(text []byte, do func(name string, value json.RawMessage) error) error {
	if !utf8.Valid(text) {
		return errors.New("it is not valid UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return errNoJSON
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return errNoJSON
		}
		name, _ := key.(string)
		if seen[name] {
			return fmt.Errorf("it has %q twice", shown(name))
		}
		seen[name] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return errNoJSON
		}
		if err := do(name, value); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return errNoJSON
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON object")
	}
	return nil
}

// shown shortens a name to a length that suits a message.
func shown(name string) string {
	if len(name) > 40 {
		return name[:40] + "…"
	}
	return name
}
