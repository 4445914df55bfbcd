package userfile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"unicode/utf8"

	"github.com/authctl/authctl/authn"
)

var (
	errTooLong = fmt.Errorf("it has more than %d KiB", maxRecord>>10)
	errNoJSON  = errors.New("it is no JSON object")
)

// object is one user as another program's JSON has it.
type object map[string]json.RawMessage

// take decodes a member into out, and removes it. One that is missing or null leaves
// out as it is.
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

// errSkip is for objects that are no users.
var errSkip = errors.New("no user")

// readObjects reads users from a JSON array, from one after the other, or from the
// array under a member of the one object that the file is.
func (r *Reader) readObjects(in *bufio.Reader, member string, user func(object) (authn.Arrival, error)) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		limited := &meter{in: in}
		d := json.NewDecoder(limited)
		limited.reset()
		array, err := enter(d, limited, member)
		if err != nil {
			yield(Row{}, err)
			return
		}
		for n := 1; array == nil || d.More(); n++ {
			limited.reset()
			var raw json.RawMessage
			err := d.Decode(&raw)
			if errors.Is(err, io.EOF) && array == nil {
				return
			}
			if err != nil {
				yield(Row{}, fmt.Errorf("user %d: the file ends, or goes on with something that is no JSON: %w", n, plain(err)))
				return
			}
			row := Row{Number: n}
			if row.User, row.Err = r.decode(raw, user); errors.Is(row.Err, errSkip) {
				continue
			}
			if !yield(row, nil) {
				return
			}
		}
		if _, err := d.Token(); err != nil {
			yield(Row{}, fmt.Errorf("the file ends before its list of users does: %w", plain(err)))
		}
	}
}

// enter goes to where the users begin. It returns nil when they follow one another
// without an array around them.
func enter(d *json.Decoder, limited *meter, member string) (array any, err error) {
	if member == "" {
		first, err := firstByte(limited.in)
		if err != nil || first != '[' {
			return nil, err
		}
		_, err = d.Token()
		return json.Delim('['), err
	}
	open, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("it is no JSON: %w", plain(err))
	}
	if open == json.Delim('[') {
		return open, nil
	}
	for open == json.Delim('{') && d.More() {
		key, err := d.Token()
		if err != nil {
			break
		}
		if key == member {
			if open, err = d.Token(); err == nil && open == json.Delim('[') {
				return open, nil
			}
			break
		}
		limited.boundless() // a realm has much beside its users
		var other json.RawMessage
		if err := d.Decode(&other); err != nil {
			break
		}
		limited.reset()
	}
	return nil, fmt.Errorf("it has no list %q", member)
}

// decode reads one object with a format's function.
func (r *Reader) decode(raw json.RawMessage, user func(object) (authn.Arrival, error)) (authn.Arrival, error) {
	if len(raw) > maxRecord {
		return authn.Arrival{}, errTooLong
	}
	var o object
	if !utf8.Valid(raw) || json.Unmarshal(raw, &o) != nil || o == nil {
		return authn.Arrival{}, errNoJSON
	}
	u, err := user(o)
	if err == nil {
		r.drop(slices.Collect(maps.Keys(o))...)
	}
	return u, err
}

// plain leaves out what a parser repeats of its input.
func plain(err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON after %d bytes", syntax.Offset)
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return err
}

// meter is a reader that gives up when one user takes too much.
type meter struct {
	in   *bufio.Reader
	left int
}

func (m *meter) reset()     { m.left = 2*maxRecord + 4096 } // and what the decoder reads ahead
func (m *meter) boundless() { m.left = 1 << 30 }

// Read implements [io.Reader].
func (m *meter) Read(p []byte) (int, error) {
	if m.left <= 0 {
		return 0, errTooLong
	}
	n, err := m.in.Read(p[:min(len(p), m.left)])
	m.left -= n
	return n, err
}

// members calls do with each member of a JSON object, in order. It is strict: valid
// UTF-8, no member twice, nothing after the object.
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

// shown cuts a name to what one wants to see in a message.
func shown(name string) string {
	if len(name) > 40 {
		return name[:40] + "…"
	}
	return name
}
