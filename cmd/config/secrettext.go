package config

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"
)

const byteOrderMark = "\ufeff" // EF BB BF in UTF-8

// wrongEncoding names the encoding of a text that is not UTF-8. It returns "" for UTF-8.
func wrongEncoding(text string) string {
	switch {
	case strings.HasPrefix(text, "\xff\xfe"):
		return "is in UTF-16 (little endian, FF FE): save it as UTF-8 without a byte order mark"
	case strings.HasPrefix(text, "\xfe\xff"):
		return "is in UTF-16 (big endian, FE FF): save it as UTF-8 without a byte order mark"
	case strings.HasPrefix(text, byteOrderMark):
		return "begins with a byte order mark (EF BB BF): save it as UTF-8 without one"
	case strings.Contains(text, "\x00"):
		return "has a NUL byte in it, as a text in UTF-16 does: save it as UTF-8"
	}
	return ""
}

// StrayText names a stray text around a value, such as the marks of an editor, a shell or another
// program's quoting. It returns "" if there is none.
func StrayText(value string) string {
	if found := wrongEncoding(value); found != "" || value == "" {
		return found
	}
	first, _ := utf8.DecodeRuneInString(value)
	last, size := utf8.DecodeLastRuneInString(value)
	switch {
	case last == '\n' || last == '\r':
		return "ends in a line break: remove it"
	case strings.ContainsAny(value, "\n\r"):
		return "has more than one line"
	case first == last && size < len(value) && (first == '"' || first == '\''):
		return "stands in quotes, which would be a part of it: remove them"
	case invisible(first):
		return fmt.Sprintf("begins with a blank (%U): remove it", first)
	case invisible(last):
		return fmt.Sprintf("ends in a blank (%U): remove it", last)
	}
	return ""
}

// invisible reports whether a character at the end of a text is invisible.
func invisible(r rune) bool {
	return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.IsControl(r)
}

// strayVariable is [StrayText] for the value that a variable gives to a field. Commas separate the
// items of a list, and blanks around an item have no meaning.
func strayVariable(value string, field reflect.Value) string {
	if field.Kind() != reflect.Slice {
		return StrayText(value)
	}
	items := splitList(value)
	if _, secrets := field.Interface().([]SecretText); secrets {
		for _, item := range items {
			if found := StrayText(item); found != "" {
				return "has an item that " + found
			}
		}
	}
	return StrayText(strings.Join(items, ","))
}
