package userfile

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"
)

// dump reads the users of a SQL dump of MySQL or MariaDB: the INSERT statements of tables with
// WordPress's columns. It skips all other statements.
type dump struct {
	r      *Reader
	lex    *lexer
	tables map[string][]string // columns of the tables that CREATE TABLE has made
	found  bool                // a table of users
	metas  metas               // roles that the tables of metadata have
	scan   bool                // only the tables of metadata are read
	n      int
	yield  func(Row, error) bool
}

// readDump reads a dump of mysqldump, or of phpMyAdmin.
func (r *Reader) readDump(in *bufio.Reader, _ byte) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		d := &dump{r: r, lex: &lexer{in: in, at: r.at}, tables: map[string][]string{}, metas: metas{}, yield: yield}
		err := d.all()
		switch {
		case errors.Is(err, errStopped):
		case errors.Is(err, io.EOF) && d.lex.unfinished():
			yield(Row{}, broken("it is cut off after %s and %d bytes: the line that ends a dump is not there", d.count(), d.lex.at))
		case errors.Is(err, io.EOF) && !d.found:
			yield(Row{}, errors.New("it has no rows of a table with the columns user_login and user_pass: dump wp_users"))
		case errors.Is(err, io.EOF):
		case errors.Is(err, io.ErrUnexpectedEOF):
			yield(Row{}, broken("it is cut off after %s and %d bytes", d.count(), d.lex.at))
		case errors.Is(err, errTooLong):
			yield(Row{}, broken("it has a value of more than %d KiB after %s and %d bytes", maxRecord>>10, d.count(), d.lex.at))
		default:
			yield(Row{}, err)
		}
	}
}

func (d *dump) count() string { return (&stream{n: d.n}).count() }

// all reads all statements. It ends with [io.EOF] after the last one.
func (d *dump) all() error {
	for {
		t, err := d.lex.next()
		switch {
		case err != nil:
			return err
		case t.is("INSERT"), t.is("REPLACE"):
			err = d.insert()
		case t.is("CREATE"):
			err = d.create()
		case t.kind != ';':
			err = d.lex.skip()
		}
		if err != nil {
			return within(err)
		}
	}
}

// within makes of the end of a file one in the middle of a statement.
func within(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// table reads up to the name of a table, which follows a word. It returns "" for a statement of
// another kind, or of a table that is not one of users, and skips it.
func (d *dump) table(after string) (string, error) {
	seen := false
	name := ""
	for {
		t, err := d.lex.next()
		switch {
		case err != nil:
			return "", err
		case t.kind == ';':
			return "", nil
		case t.is(after):
			seen = true
		case seen && (t.is("IF") || t.is("NOT") || t.is("EXISTS")):
		case seen && t.kind == '.': // the name of the database was before it
		case seen && t.kind == 'w':
			name = t.text
			if dot := strings.LastIndexByte(name, '.'); dot >= 0 && !t.quoted {
				name = name[dot+1:]
			}
			if next, err := d.lex.peek(); err == nil && next == '.' {
				continue
			}
			if lower := strings.ToLower(name); !strings.HasSuffix(lower, "users") && !strings.HasSuffix(lower, metaTable) {
				d.r.drop("table " + name)
				return "", d.lex.skip()
			}
			return name, nil
		case seen:
			return "", d.lex.skip()
		}
	}
}

// insert reads INSERT INTO, whose first word has been read.
func (d *dump) insert() error {
	table, err := d.table("INTO")
	if err != nil || table == "" {
		return err
	}
	columns := d.tables[table]
	t, err := d.lex.next()
	if err == nil && t.kind == '(' {
		columns = nil
		for t.kind != ')' {
			if t, err = d.lex.next(); err != nil {
				return err
			}
			if t.kind == 'w' {
				if columns, err = d.column(columns, t); err != nil {
					return err
				}
			}
		}
		t, err = d.lex.next()
	}
	switch {
	case err != nil:
		return err
	case !t.is("VALUES") && !t.is("VALUE"):
		if _, err := d.lex.peek(); err != nil {
			return within(err)
		}
		return broken("it has an INSERT without VALUES after %s and %d bytes", d.count(), d.lex.at)
	case isMeta(table, columns):
		return d.meta(table, columns)
	case d.scan, columns != nil && !isWordPress(columns), strings.HasSuffix(strings.ToLower(table), metaTable):
		d.r.drop("table " + table)
		return d.lex.skip()
	}
	d.found = true
	d.lookAhead()
	prefix := table[:len(table)-len("users")]
	return d.rows(func(values []string) error { return d.row(prefix, columns, values) })
}

// isWordPress reports whether columns are those of wp_users.
func isWordPress(columns []string) bool {
	text := strings.Join(columns, " ")
	return strings.Contains(text, "user_login") && strings.Contains(text, "user_pass")
}

// rows reads the rows of an INSERT up to its end.
func (d *dump) rows(row func(values []string) error) error {
	for {
		t, err := d.lex.next()
		switch {
		case err != nil:
			return err
		case t.kind == ';':
			return nil
		case t.kind == ',':
		case t.kind == '(':
			values, err := d.values()
			if err != nil {
				return err
			}
			if err := row(values); err != nil {
				return err
			}
		default:
			return broken("it has an INSERT that is none of a dump after %s and %d bytes", d.count(), d.lex.at)
		}
	}
}

// values reads the values of one row, whose first parenthesis has been read.
func (d *dump) values() (values []string, err error) {
	value, size, hexed := "", 0, false
	for {
		t, err := d.lex.next()
		switch {
		case err != nil:
			return nil, err
		case t.kind == ';' || t.kind == '(':
			return nil, broken("it has an INSERT that is none of a dump after %s and %d bytes", d.count(), d.lex.at)
		case t.kind == ',' || t.kind == ')':
			values = append(values, value)
			if value = ""; t.kind == ')' {
				return values, nil
			}
		case t.kind == 'w' && !t.quoted && (t.is("NULL") || t.is("N") || t.is("X") || strings.HasPrefix(t.text, "_")): // _binary, before a text
			hexed = t.is("X")
		case t.kind == 't' && hexed, t.kind == 'w' && !t.quoted && strings.HasPrefix(t.text, "0x"):
			if value, err = unhex(strings.TrimPrefix(t.text, "0x")); err != nil {
				return nil, broken("it has a value that is not hexadecimal after %s and %d bytes", d.count(), d.lex.at)
			}
			hexed = false
		default:
			value = t.text
		}
		if size += len(t.text); size > maxRecord {
			return nil, errTooLong
		}
	}
}

// unhex reads a text of hexadecimal digits, as mysqldump --hex-blob writes it.
func unhex(digits string) (string, error) {
	text, err := hex.DecodeString(digits)
	return string(text), err
}

// row yields a user of the table with a prefix.
func (d *dump) row(prefix string, columns, values []string) error {
	if columns == nil { // in the order in which WordPress makes them
		columns = []string{"ID", "user_login", "user_pass", "user_nicename", "user_email", "user_url", "user_registered", "user_activation_key", "user_status", "display_name"}
		if len(values) == len(columns)+2 {
			columns = append(columns, "spam", "deleted")
		}
	}
	d.n++
	row := Row{Number: d.n, Unit: "user"}
	if len(values) != len(columns) {
		row.Err = fmt.Errorf("it has %d values, and the table has %d columns", len(values), len(columns))
	} else {
		cells := map[string]string{}
		for i, column := range columns {
			if !utf8.ValidString(values[i]) {
				row.Err = errors.New("it is not valid UTF-8")
			}
			cells[column] = trimmed(values[i])
		}
		if row.Err == nil {
			id := cells["ID"]
			u, err := d.r.wordpressRow(cells)
			d.r.grant(&u, d.metas[metaKey{prefix, id}]...)
			row.User, row.Err = d.r.tidy(u, err)
		}
	}
	if !d.yield(row, nil) {
		return errStopped
	}
	return nil
}
