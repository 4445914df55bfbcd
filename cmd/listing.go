package cmd

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
)

const (
	pageSize   = 1000 // rows read, and printed, at a time
	yamlAtOnce = 20   // rows that are YAML nodes at a time, each of which takes kilobytes
)

// listing prints rows page by page, so that it holds one page in memory and not all rows. Its
// JSON or YAML output is one document. In NDJSON each row is a document, on one line. The first
// page sets the column widths of a table; a wider cell on a later page shifts the rest of its
// line.
type listing[T any] struct {
	output *output
	out    io.Writer
	header []string
	view   func(T) any      // for JSON, NDJSON and YAML
	cells  func(T) []string // for people
	id     func(T) string   // nil where there are no ids to print

	begun   bool
	waiting [][]string // the first page of a table, until it is full
	columns columns
}

// add prints one page.
func (l *listing[T]) add(rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	var page bytes.Buffer
	switch l.output.format {
	case "table":
		l.addCells(&page, rows)
	case "ids":
		for _, row := range rows {
			page.WriteString(l.id(row) + "\n")
		}
	case "ndjson":
		lines := json.NewEncoder(escaping{&page})
		lines.SetEscapeHTML(false)
		for _, row := range rows {
			if err := lines.Encode(l.view(row)); err != nil {
				return err
			}
		}
	default:
		if err := l.addViews(&page, rows); err != nil {
			return err
		}
	}
	_, err := l.out.Write(page.Bytes())
	return err
}

// addViews prints rows as members of one array. The lines of a page's own array are
// those of the whole one, but for its brackets.
func (l *listing[T]) addViews(page *bytes.Buffer, rows []T) error {
	views := make([]any, len(rows))
	for i, row := range rows {
		views[i] = l.view(row)
	}
	if l.output.format == "yaml" {
		l.begun = true
		for some := range slices.Chunk(views, yamlAtOnce) {
			if err := printYAML(page, some); err != nil {
				return err
			}
		}
		return nil
	}
	array, err := marshal(views)
	if err != nil {
		return err
	}
	array = bytes.TrimSuffix(bytes.TrimPrefix(array, []byte("[")), []byte("\n]\n"))
	separator := "["
	if l.begun {
		separator = ","
	}
	l.begun = true
	page.WriteString(separator)
	page.Write(array)
	return nil
}

func (l *listing[T]) addCells(page *bytes.Buffer, rows []T) {
	for _, row := range rows {
		cells := harmless(l.cells(row))
		if l.begun {
			l.columns.write(page, cells)
			continue
		}
		l.waiting = append(l.waiting, cells)
		if len(l.waiting) == pageSize {
			l.begin(page)
		}
	}
}

// begin chooses the widths of the columns, and prints the header and the rows that wait.
func (l *listing[T]) begin(page *bytes.Buffer) {
	l.begun = true
	l.waiting = append([][]string{l.header}, l.waiting...)
	l.columns = columnsOf(l.waiting)
	for _, cells := range l.waiting {
		l.columns.write(page, cells)
	}
	l.waiting = nil
}

// end prints the rest of the document or table after the last row.
func (l *listing[T]) end() error {
	var rest bytes.Buffer
	switch l.output.format {
	case "table":
		if !l.begun {
			l.begin(&rest)
		}
	case "json":
		if l.begun {
			rest.WriteString("\n]\n")
		} else {
			rest.WriteString("[]\n")
		}
	case "yaml":
		if !l.begun {
			rest.WriteString("[]\n")
		}
	}
	_, err := l.out.Write(rest.Bytes())
	return err
}

// walk calls next for page after page, and do with what each holds, until there were
// limit rows, 0 meaning all of them. It reports whether there are more.
func walk[T any](limit int, next func() (rows []T, last bool, err error), do func([]T) error) (more bool, err error) {
	for given := 0; ; {
		rows, last, err := next()
		if err != nil {
			return false, err
		}
		if limit > 0 && given+len(rows) > limit {
			return true, do(rows[:limit-given])
		}
		if err := do(rows); err != nil {
			return false, err
		}
		if last {
			return false, nil
		}
		given += len(rows)
	}
}
