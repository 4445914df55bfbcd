package userfile

// create reads CREATE TABLE, whose first word has been read.
func (d *dump) create() error {
	table, err := d.table("TABLE")
	if err != nil || table == "" {
		return err
	}
	var columns []string
	depth, first := 0, false
	for {
		t, err := d.lex.next()
		switch {
		case err != nil:
			return err
		case t.kind == ';':
			if len(columns) > 0 {
				d.tables[table] = columns
			}
			return nil
		case t.kind == '(':
			depth++
			first = depth == 1
		case t.kind == ')':
			depth--
		case t.kind == ',':
			first = depth == 1
		default:
			if first && t.quoted { // a key begins with a word
				if columns, err = d.column(columns, t); err != nil {
					return err
				}
			}
			first = false
		}
	}
}

// maxColumns is the most that a table of MySQL can have.
const maxColumns = 4096

// column adds the name of a column.
func (d *dump) column(columns []string, t token) ([]string, error) {
	if len(columns) == maxColumns {
		return nil, broken("it has a table of more than %d columns after %s and %d bytes", maxColumns, d.count(), d.lex.at)
	}
	return append(columns, t.text), nil
}
