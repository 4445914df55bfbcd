package cmd

import (
	"strings"
	"testing"

	"github.com/authctl/authctl/cmd/config"
)

// strayPasswords returns what may surround a password by mistake, and a part of the message
// about it.
func strayPasswords(password string) map[string]string {
	return map[string]string{
		`"` + password + `"`:         "stands in quotes",
		`'` + password + `'`:         "stands in quotes",
		password + "\n\n":            "line break",
		password + "\r\n\r\n":        "line break",
		password + "\n\r":            "line break",
		password + "\nsecond line":   "has more than one line",
		password + "\rsecond line":   "has more than one line",
		password + "\nsecond line\n": "line",
		"\n" + password:              "has more than one line",
		password + " ":               "ends in a blank (U+0020)",
		password + "\t":              "ends in a blank (U+0009)",
		password + "\u00a0":          "ends in a blank (U+00A0)",
		password + "\u200b":          "ends in a blank (U+200B)",
		" " + password:               "begins with a blank (U+0020)",
		password + "\x00":            "has a NUL byte in it",
		"\xff\xfe" + password:        "UTF-16",
		"\xfe\xff" + password:        "UTF-16",
		strings.Join(strings.Split(password, ""), "\x00") + "\x00": "UTF-16",
		"\ufeff" + password: "begins with a byte order mark (EF BB BF)",
	}
}

func TestAPasswordIsRefusedForWhatStandsAroundIt(t *testing.T) {
	t.Parallel()
	for text, says := range strayPasswords("a password for scripts") {
		_, err := readPassword(strings.NewReader(text), "--password-file: it")
		if err == nil || !strings.Contains(err.Error(), "--password-file: it ") || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "for scripts") {
			t.Errorf("%q: got %v, want …%s…", text, err, says)
		}
	}
	for _, text := range []string{"it's a password", `"quoted" inside"x`, "'", "one", "one\n", "one\r\n", "blank in it"} {
		if got, err := readPassword(strings.NewReader(text), "it"); err != nil || got != config.TrimLineBreak(text) {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
}
