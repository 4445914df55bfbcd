package userfile

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"
)

// columns is the set of columns that the first line of a CSV file may name.
type columns struct {
	known   []string
	must    []string          // the required columns
	instead map[string]string // columns that may replace a required one
	hash    string            // the column of the password hash
	login   string            // the column of the username; "" for none
	open    bool              // whether the line may name other columns, which are dropped
}

// exportedColumns returns the columns of the CSV that [Writer] writes.
func exportedColumns() []string {
	return []string{"id", "username", "password_hash", "created_at", "disabled_at", "password_changed_at", "password_disabled_at",
		"email", "email_verified_at", "roles", "claims"}
}

func authctlColumns() columns {
	return columns{
		known: append(exportedColumns(), "password_salt"),
		must:  []string{"username"},
		hash:  "password_hash",
		login: "username",

		instead: map[string]string{"username": "email"},
	}
}

// gotrueColumns returns the columns of auth.users that the import reads.
func gotrueColumns() columns {
	return columns{
		known: []string{"id", "email", "email_confirmed_at", "confirmed_at", "encrypted_password", "created_at", "banned_until", "deleted_at",
			"raw_app_meta_data"},
		must: []string{"id", "email", "encrypted_password"},
		hash: "encrypted_password",
		open: true,
	}
}

// check fails unless a first line has only column names, each once. The error lists every fault. It
// does not quote a line without any column name: the line may be a user.
func (c columns) check(header []string) error {
	if err := c.separated(header); err != nil {
		return err
	}
	if !slices.ContainsFunc(header, c.resembles) {
		return fmt.Errorf("it is neither JSON nor CSV with a first line that names the columns, among them %s", strings.Join(c.must, ", "))
	}
	var faults []string
	for i, name := range header {
		switch {
		case strings.TrimSpace(name) == "":
			faults = append(faults, fmt.Sprintf("column %d has no name", i+1))
		case slices.Index(header, name) < i:
			faults = append(faults, column(i, name)+" is given twice")
		case slices.Contains(c.known, name), c.open && !c.resembles(name):
		default:
			faults = append(faults, column(i, name)+" is not a column"+c.suggest(name))
		}
	}
	for _, name := range c.must {
		if other, is := c.instead[name]; is && slices.Contains(header, other) {
			continue
		}
		if !slices.Contains(header, name) && !slices.ContainsFunc(header, func(other string) bool { return c.resembles(other) && c.nearest(other) == name }) {
			faults = append(faults, "there is no column "+name)
		}
	}
	if faults == nil {
		return nil
	}
	return fmt.Errorf("its first line is wrong: %s; the columns are %s", strings.Join(faults, "; "), strings.Join(c.known, ","))
}

// separated fails for a first line with a separator other than the comma.
func (c columns) separated(header []string) error {
	for _, by := range []struct{ separator, called string }{{";", "semicolons"}, {"\t", "tabs"}, {"|", "bars"}} {
		parts := strings.Split(strings.Join(header, ","), by.separator)
		if len(parts) > 1 && slices.ContainsFunc(parts, c.resembles) {
			return fmt.Errorf("its columns are separated by %s; separate them by commas", by.called)
		}
	}
	return nil
}

// column names a column in a message. It does not quote a text that may be a hash.
func column(i int, name string) string {
	if len(name) > 40 || strings.ContainsRune(name, '$') {
		return fmt.Sprintf("column %d", i+1)
	}
	return fmt.Sprintf("%q", name)
}

// resembles reports whether a name is that of a column, perhaps misspelt.
func (c columns) resembles(name string) bool {
	near := c.nearest(name)
	return near != "" && (!c.open || near == c.hash || plainName(near) == plainName(name))
}

// suggest returns a hint at the column that a name probably means.
func (c columns) suggest(name string) string {
	switch near := c.nearest(name); {
	case near == "":
		return ""
	case near == c.hash && !strings.Contains(plainName(name), "hash"):
		return fmt.Sprintf(", did you mean %s (a hash, never a password)?", near)
	default:
		return fmt.Sprintf(", did you mean %s?", near)
	}
}

// nearest returns the column that a name probably means, or "".
func (c columns) nearest(name string) string {
	plain := plainName(name)
	if isHash(plain) {
		return c.hash
	}
	if meant := others()[plain]; slices.Contains(c.known, meant) {
		return meant
	}
	best, distance := "", len(plain)/3+1
	for _, known := range c.known {
		if d := levenshtein.ComputeDistance(plain, plainName(known)); d < distance {
			best, distance = known, d
		}
	}
	return best
}

// others maps the names that other programs use, in the form of plainName, to the columns.
func others() map[string]string {
	return map[string]string{
		"user": "username", "login": "username", "name": "username", "loginname": "username",
		"userid": "id", "uid": "id", "uuid": "id", "guid": "id",
		"created": "created_at", "createdon": "created_at", "creationdate": "created_at", "datejoined": "created_at",
		"disabled": "disabled_at", "salt": "password_salt", "hashsalt": "password_salt", "passwordchanged": "password_changed_at", "passworddisabled": "password_disabled_at",
		"mail": "email", "emailaddress": "email", "role": "roles", "groups": "roles",
	}
}

// isHash reports whether a name, in the form of plainName, is common for password
// hashes.
func isHash(plain string) bool {
	return slices.Contains([]string{"hash", "passwordhash", "hashedpassword", "encryptedpassword", "passwd", "password", "passhash", "pwhash", "pwd",
		"passworddigest", "passwordbcrypt", "bcrypt", "crypt", "cryptedpassword", "hashpassword", "userpassword", "userpass"}, plain)
}

// plainName keeps only the letters and digits of a name, in lower case.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// errHashLost returns the error for a user who would lose the password, because its hash is under a
// name that the format does not have.
func errHashLost(name string) error {
	return fmt.Errorf("it has no password where this format has it, but it has %q: is the file of another --format?", shown(name))
}
