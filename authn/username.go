package authn

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/secure/precis"
)

const maxUsernameLength = 64 // code points

// foldUsername returns the form in which a username is unique: PRECIS UsernameCaseMapped (RFC 8265,
// section 3.3). It fails with [CodeInvalidUsername] for characters that the profile forbids
// (spaces, controls, invisible characters) and for names longer than 64 code points.
func foldUsername(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", refuse(CodeInvalidUsername, "the username must be valid UTF-8")
	}
	if n := utf8.RuneCountInString(name); n == 0 || n > maxUsernameLength {
		return "", refuse(CodeInvalidUsername, "the username must have 1 to 64 characters")
	}
	folded, err := precis.UsernameCaseMapped.String(name)
	if err != nil {
		return "", refuse(CodeInvalidUsername, "the username may have letters, digits and punctuation, no spaces and no invisible characters")
	}
	// Lower-casing may lengthen a name, and the profile need not be idempotent:
	// a name whose folded form folds to another is refused.
	again, err := precis.UsernameCaseMapped.String(folded)
	if err != nil || again != folded || utf8.RuneCountInString(folded) > maxUsernameLength {
		return "", refuse(CodeInvalidUsername, "the username has characters that have no stable lower case")
	}
	return folded, nil
}

// foldPart folds a part of a username for a search, as far as possible.
func foldPart(part string) string {
	if folded, err := precis.UsernameCaseMapped.String(part); err == nil {
		return folded
	}
	return strings.ToLower(part)
}

// truncate cuts s to at most n bytes without splitting a character. It removes invalid UTF-8 and
// NUL, which PostgreSQL text cannot hold.
func truncate(s string, n int) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "?")
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
