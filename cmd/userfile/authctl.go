package userfile

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// line is a user as authctl exports it: a line of NDJSON, or of CSV with these columns.
type line struct {
	ID                 uuid.UUID  `json:"id"`
	Username           string     `json:"username"`
	PasswordHash       string     `json:"password_hash"`
	CreatedAt          time.Time  `json:"created_at"`
	DisabledAt         *time.Time `json:"disabled_at"`
	PasswordChangedAt  time.Time  `json:"password_changed_at"`
	PasswordDisabledAt *time.Time `json:"password_disabled_at"`
}

func authctlColumns() []string {
	return []string{"id", "username", "password_hash", "created_at", "disabled_at", "password_changed_at", "password_disabled_at"}
}

// readLines reads NDJSON. A line that is no user is a row that says so, and the next
// line is read.
func (r *Reader) readLines(in *bufio.Reader) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for n := 1; ; n++ {
			text, err := readLine(in)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil && !errors.Is(err, errTooLong) {
				yield(Row{}, fmt.Errorf("read users: %w", err))
				return
			}
			row := Row{Number: n, Err: err}
			if err == nil {
				if len(bytes.TrimSpace(text)) == 0 {
					continue
				}
				row.User, row.Err = authctlLine(text)
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// readLine returns the next line, or errTooLong after having skipped it.
func readLine(in *bufio.Reader) ([]byte, error) {
	text, err := in.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = in.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return nil, errTooLong
	case errors.Is(err, io.EOF) && len(text) > 0:
		return text, nil
	}
	return text, err
}

func authctlLine(text []byte) (authn.Arrival, error) {
	cells := map[string]string{}
	err := members(text, func(name string, value json.RawMessage) error {
		if !slices.Contains(authctlColumns(), name) {
			return fmt.Errorf("it has %q, which is no field of a user", shown(name))
		}
		var s *string
		if json.Unmarshal(value, &s) != nil {
			return fmt.Errorf("its %s is no text", name)
		}
		if s != nil {
			cells[name] = *s
		}
		return nil
	})
	if err != nil {
		return authn.Arrival{}, err
	}
	return authctlRow(cells)
}

// authctlRow makes a user of its fields.
func authctlRow(cells map[string]string) (u authn.Arrival, err error) {
	u.Username, u.PasswordHash = cells["username"], cells["password_hash"]
	if u.Username == "" {
		return u, errors.New("it has no username")
	}
	u.Origin = "authctl/" + u.Username
	if id := cells["id"]; id != "" {
		if u.ID, err = parseID(id); err != nil {
			return u, err
		}
	}
	for name, t := range map[string]*time.Time{
		"created_at": &u.CreatedAt, "disabled_at": &u.DisabledAt,
		"password_changed_at": &u.PasswordChangedAt, "password_disabled_at": &u.PasswordDisabledAt,
	} {
		if *t, err = parseTime(name, cells[name]); err != nil {
			return u, err
		}
	}
	return u, nil
}

func parseID(s string) (uuid.UUID, error) {
	id, err := uuid.Parse(s)
	if err != nil || len(s) != 36 || id == uuid.Nil {
		return uuid.Nil, errors.New("its id is no UUID")
	}
	return id, nil
}

// parseTime reads RFC 3339, and what PostgreSQL prints.
func parseTime(name, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1970 && t.Year() < 10000 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("its %s is no time such as 2026-03-01T09:00:00Z", name)
}

// readCSV reads a file whose first line names its columns, which must include one.
func (r *Reader) readCSV(in io.Reader, must string, user func(map[string]string) (authn.Arrival, error)) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		d := csv.NewReader(in)
		d.ReuseRecord = true
		header, err := d.Read()
		header = slices.Clone(header)
		if err != nil || !slices.Contains(header, must) {
			yield(Row{}, fmt.Errorf("it is neither JSON nor CSV with a first line that names the columns, among them %s", must))
			return
		}
		for {
			record, err := d.Read()
			var broken *csv.ParseError
			switch {
			case errors.Is(err, io.EOF):
				return
			case errors.Is(err, csv.ErrFieldCount):
				err = fmt.Errorf("it has %d fields, and the first line has %d", len(record), len(header))
			case errors.As(err, &broken):
				yield(Row{}, fmt.Errorf("line %d: the file is no CSV from here on", broken.StartLine))
				return
			case err != nil:
				yield(Row{}, fmt.Errorf("read users: %w", err))
				return
			}
			number, _ := d.FieldPos(0) // there is a record
			row := Row{Number: number, Err: err}
			if err == nil {
				row.User, row.Err = r.csvRow(header, record, user)
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

func (r *Reader) csvRow(header, record []string, user func(map[string]string) (authn.Arrival, error)) (authn.Arrival, error) {
	cells, size := make(map[string]string, len(header)), 0
	for i, name := range header {
		cells[name] = record[i]
		size += len(record[i])
	}
	if size > maxRecord {
		return authn.Arrival{}, errTooLong
	}
	return user(cells)
}

// Writer writes users as authctl exports them.
type Writer struct {
	json *json.Encoder
	csv  *csv.Writer
}

// NewWriter makes a Writer of ndjson or csv.
func NewWriter(w io.Writer, format string) (*Writer, error) {
	if format == "csv" {
		c := csv.NewWriter(w)
		return &Writer{csv: c}, c.Write(authctlColumns())
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &Writer{json: enc}, nil
}

// Write writes one user.
func (w *Writer) Write(c store.Credentials) error {
	l := line{c.User.ID, c.User.Username, c.PasswordHash, c.User.CreatedAt, nil, c.User.PasswordChangedAt, nil}
	if c.User.Disabled() {
		l.DisabledAt = &c.User.DisabledAt
	}
	if c.User.PasswordDisabled() {
		l.PasswordDisabledAt = &c.User.PasswordDisabledAt
	}
	if w.csv == nil {
		return w.json.Encode(l)
	}
	return w.csv.Write([]string{l.ID.String(), l.Username, l.PasswordHash, cell(&l.CreatedAt), cell(l.DisabledAt), cell(&l.PasswordChangedAt), cell(l.PasswordDisabledAt)})
}

// cell writes a time that may be none.
func cell(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

// Flush writes what is still held back.
func (w *Writer) Flush() error {
	if w.csv == nil {
		return nil
	}
	w.csv.Flush()
	return w.csv.Error()
}
