package userfile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/authctl/authctl/authn"
)

// readLines reads NDJSON. For a line that is not a user it yields a row with an error, and goes
// on with the next line. When a line begins a list, or an object of several lines, it reads the
// rest of the file as JSON.
func (r *Reader) readLines(in *bufio.Reader) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		rows, at := 0, r.at
		for n := r.skipped + 1; ; n++ {
			text, err := in.ReadSlice('\n')
			if opens(text) {
				rest := &stream{r: r, in: io.MultiReader(bytes.NewReader(bytes.Clone(text)), in), base: at, n: rows, document: document{user: r.authctl}}
				rest.all(yield)
				return
			}
			row := Row{Number: n, Unit: "line"}
			if at += int64(len(text)); errors.Is(err, bufio.ErrBufferFull) {
				var more int64
				more, err = skipLine(in)
				at, row.Err = at+more, errTooLong
			}
			ended := errors.Is(err, io.EOF)
			switch {
			case err != nil && !ended:
				yield(Row{}, fmt.Errorf("read users: %w", err))
				return
			case row.Err != nil:
			case len(bytes.TrimSpace(text)) == 0:
				if ended {
					return
				}
				continue
			case ended && !json.Valid(text):
				yield(Row{}, broken("it is cut off in line %d, after %d bytes", n, at))
				return
			default:
				row.User, row.Err = r.authctlLine(text)
			}
			rows++
			if !yield(row, nil) || ended {
				return
			}
		}
	}
}

// opens reports whether a line begins a list or JSON of several lines, or has a second document
// after the first, as in concatenated files without a last line break.
func opens(text []byte) bool {
	text = bytes.TrimSpace(text)
	return bytes.HasPrefix(text, []byte("[")) || string(text) == "{" || goesOn(text)
}

// goesOn reports whether an object or a list begins after the first JSON document of a text.
func goesOn(text []byte) bool {
	if json.Valid(text) {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(text))
	var first json.RawMessage
	if d.Decode(&first) != nil {
		return false
	}
	rest := bytes.TrimSpace(text[d.InputOffset():])
	return len(rest) > 0 && (rest[0] == '{' || rest[0] == '[')
}

// skipLine reads to the end of a line, and returns the number of bytes read.
func skipLine(in *bufio.Reader) (n int64, err error) {
	err = bufio.ErrBufferFull
	for errors.Is(err, bufio.ErrBufferFull) {
		var text []byte
		text, err = in.ReadSlice('\n')
		n += int64(len(text))
	}
	return n, err
}

func (r *Reader) authctlLine(text []byte) (authn.Arrival, error) {
	cells := map[string]string{}
	err := members(text, func(name string, value json.RawMessage) error { return authctlCell(cells, name, value) })
	if err != nil {
		return authn.Arrival{}, err
	}
	return r.tidy(r.authctlRow(cells))
}
