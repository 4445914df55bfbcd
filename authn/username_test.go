package authn

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestUsernamesFoldToTheirUniqueForm(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"alice":                 "alice",
		"Alice":                 "alice",
		"ALICE":                 "alice",
		"ａｌｉｃｅ":                 "alice", // full width
		"E\u0301milie":          "\u00e9milie",
		"straße":                "straße",
		"Ünal":                  "ünal",
		"a.b_c-d@example.test":  "a.b_c-d@example.test",
		"1":                     "1",
		strings.Repeat("x", 64): strings.Repeat("x", 64),
	} {
		if got, err := foldUsername(name); err != nil || got != want {
			t.Errorf("%q: got %q, %v; want %q", name, got, err, want)
		}
	}
}

func TestUsernamesThatCouldPassForAnotherAreRefused(t *testing.T) {
	t.Parallel()
	for what, name := range map[string]string{
		"empty":                  "",
		"65 code points":         strings.Repeat("x", 65),
		"leading space":          " alice",
		"trailing space":         "alice ",
		"a space within":         "al ice",
		"a tab":                  "al\tice",
		"no-break space":         "alice\u00a0",
		"zero width space":       "al\u200bice",
		"byte order mark":        "\ufeffalice",
		"right-to-left override": "\u202ealice",
		"soft hyphen":            "al\u00adice",
		"NUL":                    "al\x00ice",
		"a line break":           "alice\n",
		"an escape":              "al\x1b[31mice",
		"line separator":         "al\u2028ice",
		"replacement character":  "al\ufffdice",
		"invalid UTF-8":          "al\xffice",
		"a ligature":             "ﬁona",
	} {
		if got, err := foldUsername(name); CodeOf(err) != CodeInvalidUsername {
			t.Errorf("%s: got %q, %v; want %s", what, got, err, CodeInvalidUsername)
		}
	}
}

func TestTruncateKeepsCharactersWholeAndTextStorable(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"curl/8":        "curl/8",
		"aaaé":          "aaa",
		"a\x00b":        "a?b",
		"\xff\xfea":     "?a",
		"longer than 4": "long",
	} {
		if got := truncate(in, 4); in != "curl/8" && got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if got := truncate("curl/8", 6); got != "curl/8" {
		t.Errorf("got %q, want it untouched", got)
	}
}

func FuzzFoldUsername(f *testing.F) {
	for _, s := range []string{"alice", "İstanbul", "ａｌｉｃｅ", "\u202e", "a\u0301\u0301", "ß", "\u1e9e", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		folded, err := foldUsername(name)
		if err != nil {
			return
		}
		if !utf8.ValidString(folded) || strings.ContainsAny(folded, "\x00 \n\t") {
			t.Errorf("%q folds to %q", name, folded)
		}
		if again, err := foldUsername(folded); err != nil || again != folded {
			t.Errorf("%q folds to %q, which folds to %q, %v", name, folded, again, err)
		}
	})
}
