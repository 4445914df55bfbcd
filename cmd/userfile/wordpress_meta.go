package userfile

import (
	"bufio"
	"strconv"
	"strings"
)

const (
	metaTable = "usermeta"
	maxMeta   = 4 << 10 // bytes that are kept of a value; sessions and settings are longer, and not read
)

// metaKey is a user of the tables with a prefix. A file may have those of several sites.
type metaKey struct{ prefix, id string }

// metas are the roles that tables wp_usermeta have.
type metas map[metaKey][]string

// isMeta reports whether a table is wp_usermeta, with any prefix.
func isMeta(table string, columns []string) bool {
	if !strings.HasSuffix(strings.ToLower(table), metaTable) {
		return false
	}
	return columns == nil || place(columns, "user_id") >= 0 && place(columns, "meta_key") >= 0 && place(columns, "meta_value") >= 0
}

func place(columns []string, name string) int {
	for i, column := range columns {
		if strings.EqualFold(column, name) {
			return i
		}
	}
	return -1
}

// meta reads the rows of wp_usermeta, and keeps the roles of the prefix's own site.
func (d *dump) meta(table string, columns []string) error {
	if d.n > 0 && d.r.options.Again == nil { // too late for the users
		d.r.drop("table " + table)
		return d.lex.skip()
	}
	if columns == nil { // in the order in which WordPress makes them
		columns = []string{"umeta_id", "user_id", "meta_key", "meta_value"}
	}
	prefix := table[:len(table)-len(metaTable)]
	id, key, value := place(columns, "user_id"), place(columns, "meta_key"), place(columns, "meta_value")
	d.lex.keep = maxMeta
	defer func() { d.lex.keep = 0 }()
	return d.rows(func(values []string) error {
		switch {
		case len(values) != len(columns):
			d.r.drop("rows of " + table + " that are none")
		case strings.EqualFold(values[key], prefix+"capabilities"):
			roles, ok := phpTrueKeys(values[value])
			if !ok {
				d.r.drop("roles in " + table + " that cannot be read")
			}
			d.metas[metaKey{prefix, values[id]}] = roles
		case strings.HasSuffix(values[key], "_capabilities"):
			d.r.drop("roles at other sites of the network")
		default:
			d.r.drop("other values of " + table)
		}
		return nil
	})
}

// lookAhead reads the roles that follow the users, where the file can be read once more. It leaves every fault of
// the file to the reader of the users.
func (d *dump) lookAhead() {
	if len(d.metas) > 0 || d.scan || d.r.options.Again == nil {
		return
	}
	d.metas[metaKey{}] = nil // once
	file, err := d.r.options.Again()
	if err != nil {
		return
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, maxRecord)
	ahead := &dump{r: New(Options{}), lex: &lexer{in: in}, tables: map[string][]string{}, metas: d.metas, scan: true}
	_ = ahead.all()
}

// phpTrueKeys returns the keys of a serialised PHP array of flags that are true: a:1:{s:6:"editor";b:1;}. It
// reports false for a text that is something else.
func phpTrueKeys(text string) (keys []string, ok bool) {
	head, rest, ok := strings.Cut(text, ":{")
	n, err := strconv.Atoi(strings.TrimPrefix(head, "a:"))
	if !ok || err != nil || !strings.HasPrefix(head, "a:") {
		return nil, false
	}
	for range n {
		var key, value string
		if key, rest, ok = phpScalar(rest); !ok {
			return nil, false
		}
		if value, rest, ok = phpScalar(rest); !ok {
			return nil, false
		}
		if value != "" && value != "0" {
			keys = append(keys, key)
		}
	}
	return keys, rest == "}"
}

// phpScalar cuts a serialised text, number or flag off, and returns its value.
func phpScalar(text string) (value, rest string, ok bool) {
	kind, after, _ := strings.Cut(text, ":")
	switch kind {
	case "b", "i":
		return strings.Cut(after, ";")
	case "s":
		length, quoted, found := strings.Cut(after, ":")
		n, err := strconv.Atoi(length)
		if !found || err != nil || n < 0 || n > len(quoted)-3 || quoted[0] != '"' || quoted[n+1:n+3] != `";` {
			return "", "", false
		}
		return quoted[1 : n+1], quoted[n+3:], true
	}
	return "", "", false
}
