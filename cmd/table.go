package cmd

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// table is data for people: a header and rows.
type table struct {
	header []string
	rows   [][]string
}

func (t table) print(w io.Writer) error {
	var lines [][]string
	if len(t.header) > 0 {
		lines = append(lines, t.header)
	}
	for _, row := range t.rows {
		lines = append(lines, harmless(row))
	}
	var b bytes.Buffer
	widths := columnsOf(lines)
	for _, cells := range lines {
		widths.write(&b, cells)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// columns is how wide the columns of a table are, in characters.
type columns []int

func columnsOf(lines [][]string) (c columns) {
	for _, cells := range lines {
		for i, cell := range cells {
			if i == len(c) {
				c = append(c, 0)
			}
			c[i] = max(c[i], utf8.RuneCountInString(cell))
		}
	}
	return c
}

// write prints one line: two spaces between the columns, and none after the last cell.
func (c columns) write(b *bytes.Buffer, cells []string) {
	for i, cell := range cells {
		b.WriteString(cell)
		if i < len(cells)-1 {
			b.WriteString(strings.Repeat(" ", max(c[i]-utf8.RuneCountInString(cell), 0)+2))
		}
	}
	b.WriteByte('\n')
}

// harmless makes the cells of a row printable.
func harmless(row []string) []string {
	cells := make([]string, len(row))
	for i, cell := range row {
		cells[i] = printable(cell)
	}
	return cells
}

// wordColumns lists words for a help text, three on each line.
func wordColumns[T ~string](words []T) string {
	width := 0
	for _, word := range words {
		width = max(width, len(word))
	}
	var text strings.Builder
	for row := range slices.Chunk(words, 3) {
		line := ""
		for _, word := range row {
			line += fmt.Sprintf("  %-*s", width+1, string(word))
		}
		text.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return strings.TrimRight(text.String(), "\n")
}
