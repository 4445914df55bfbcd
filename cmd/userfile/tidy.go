package userfile

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/authctl/authctl/authn"
)

// longestUsername is the length of the longest username that [authn.Service.CheckArrival] accepts, in code points.
const longestUsername = 64

// trimmed removes the blanks at the end of a text. A database pads the values of CHAR columns.
func trimmed(text string) string { return strings.TrimRight(text, " \t\r\n") }

// isNone reports whether a text stands for a missing password hash: a locked entry of shadow, an
// unusable password of Django, or NULL as a database writes it.
func isNone(hash string) bool {
	return slices.Contains([]string{"", "!", "*", "!!", "!*", "*!", "*LK*", "NULL", `\N`}, hash)
}

// unnull returns "" for a value that a database has written for NULL.
func unnull(cell string) string {
	if cell == "NULL" || cell == `\N` {
		return ""
	}
	return cell
}

// tidy completes a user of any format.
func (r *Reader) tidy(u authn.Arrival, err error) (authn.Arrival, error) {
	if err != nil {
		return u, err
	}
	u.PasswordHash = trimmed(u.PasswordHash)
	if isNone(u.PasswordHash) {
		u.PasswordHash, u.PasswordSalt = "", ""
	}
	if u.PasswordHash != "" {
		u.Prehash = r.options.Prehash
	}
	if inner := strings.TrimSpace(u.Username); inner == u.Username && strings.ContainsAny(inner, " \u00a0") {
		return u, errors.New("its username has a space, and none can have one here: --username-from slug writes it with a hyphen, --username-from email takes the address")
	}
	return u, nil
}

// tooLong reports whether an address has more characters than a username can have.
func tooLong(name string) bool {
	return utf8.RuneCountInString(name) > longestUsername && strings.Contains(name, "@")
}

// hyphenated returns a name with each run of blanks as one hyphen.
func hyphenated(name string) string { return strings.Join(strings.Fields(name), "-") }
