package userfile

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/authctl/authctl/authn"
)

// table is a CSV file whose first line names its columns.
type table struct {
	r       *Reader
	in      *meter
	csv     *csv.Reader
	columns columns
	header  []string
	skipped int // empty lines before the first line
	line    int // line number of the last record
}

// readCSV reads the users of a CSV file. It checks the first line before any user.
func (r *Reader) readCSV(in *bufio.Reader, columns columns, user func(map[string]string) (authn.Arrival, error)) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		t := &table{r: r, in: &meter{in: in}, columns: columns, skipped: r.skipped}
		t.csv = csv.NewReader(t.in)
		t.csv.ReuseRecord = true
		if err := t.readHeader(); err != nil {
			yield(Row{}, err)
			return
		}
		for {
			record, err := t.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil && !errors.Is(err, csv.ErrFieldCount) {
				yield(Row{}, err)
				return
			}
			row := Row{Number: t.line, Unit: "line"}
			switch {
			case err == nil:
				row.User, row.Err = t.user(record, user)
			case len(record) > len(t.header):
				row.Err = fmt.Errorf("it has %d fields, and the first line has %d; a field that has a comma must be in double quotes", len(record), len(t.header))
			default:
				row.Err = fmt.Errorf("it has %d fields, and the first line has %d", len(record), len(t.header))
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

func (t *table) readHeader() error {
	t.in.reset()
	header, err := t.csv.Read()
	if broken := new(csv.ParseError); errors.As(err, &broken) || errors.Is(err, errTooLong) {
		return t.columns.check(nil)
	}
	if err != nil {
		return fmt.Errorf("read users: %w", err)
	}
	t.header = slices.Clone(header)
	return t.columns.check(t.header)
}

// next returns the next record. It skips repetitions of the first line, because concatenated
// files have them. It fails with [csv.ErrFieldCount] for a record with too many or too few
// fields, and with [io.EOF] at the end. Any other error says why the rest of the file cannot
// be read.
func (t *table) next() ([]string, error) {
	for {
		t.in.reset()
		record, err := t.csv.Read()
		if len(record) > 0 {
			line, _ := t.csv.FieldPos(0)
			t.line = t.skipped + line
		}
		var fault *csv.ParseError
		switch {
		case errors.Is(err, csv.ErrFieldCount) && len(record) < len(t.header) && t.cut():
			return nil, broken("it is cut off in line %d, which has %d fields; the first line has %d", t.line, len(record), len(t.header))
		case err == nil, errors.Is(err, csv.ErrFieldCount):
		case errors.Is(err, errTooLong):
			return nil, broken("the record that begins in line %d has more than %d KiB: perhaps a quote is not closed", t.begin(record), maxRecord>>10)
		case errors.As(err, &fault) && errors.Is(err, csv.ErrBareQuote):
			return nil, broken("line %d has a quote in a field that does not begin with one; no CSV can be read after that", t.skipped+fault.Line)
		case errors.As(err, &fault):
			return nil, broken("line %d has a quote that is not closed, or closed within the field; no CSV can be read after that", t.skipped+fault.StartLine)
		case errors.Is(err, io.EOF):
			return nil, io.EOF
		default:
			return nil, fmt.Errorf("read users: %w", err)
		}
		switch same, names := t.names(record); {
		case same:
			continue
		case names:
			return nil, broken("line %d names other columns than the first line does; import the files one by one", t.line)
		}
		return record, err
	}
}

// begin returns the first line of an incomplete record.
func (t *table) begin(record []string) int {
	if len(record) > 0 {
		return t.line
	}
	return t.line + 1
}

// cut reports whether the file ends without a line break after the last record.
func (t *table) cut() bool {
	return t.in.ended && t.in.last != '\n' && t.csv.InputOffset() == t.in.total
}

// names reports whether a record repeats the first line (same), and whether it has column
// names at all (names).
func (t *table) names(record []string) (same, names bool) {
	record = slices.Clone(record)
	record[0] = strings.TrimPrefix(record[0], "\ufeff")
	if slices.Equal(record, t.header) {
		return true, true
	}
	for _, must := range t.columns.must {
		if !slices.Contains(record, must) {
			return false, false
		}
	}
	return false, len(record) > 1 && !slices.ContainsFunc(record, func(name string) bool { return !t.columns.open && !slices.Contains(t.columns.known, name) })
}

func (t *table) user(record []string, user func(map[string]string) (authn.Arrival, error)) (authn.Arrival, error) {
	cells, size := make(map[string]string, len(t.header)), 0
	for i, name := range t.header {
		cells[name] = trimmed(record[i])
		if name != t.columns.login { // somebody may be called NULL
			cells[name] = unnull(cells[name])
		}
		size += len(record[i])
	}
	if size > maxRecord {
		return authn.Arrival{}, errTooLong
	}
	return t.r.tidy(user(cells))
}
