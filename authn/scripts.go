package authn

import (
	"slices"
	"unicode"
	"unicode/utf8"
)

// checkScripts refuses a folded name that begins with a combining mark, because the mark would
// modify the text before the name. It also refuses a name that mixes scripts: `alісe` with a
// Cyrillic і and с is not `alice`. Characters of every script (Common, Inherited) may appear in any
// name. Of the combinations that UTS 39, section 5.2, calls highly restrictive, it accepts those of
// East Asia, but without Latin.
func checkScripts(folded string) error {
	if first, _ := utf8.DecodeRuneInString(folded); unicode.IsMark(first) {
		return refuse(CodeInvalidUsername, "the username must not begin with a combining mark")
	}
	var seen []string
	for _, r := range folded {
		script := scriptOf(r)
		if script != "Common" && script != "Inherited" && !slices.Contains(seen, script) {
			seen = append(seen, script)
		}
	}
	if len(seen) < 2 {
		return nil
	}
	for _, together := range [][]string{{"Han", "Hiragana", "Katakana"}, {"Han", "Hangul"}, {"Han", "Bopomofo"}} {
		if !slices.ContainsFunc(seen, func(script string) bool { return !slices.Contains(together, script) }) {
			return nil
		}
	}
	return refuse(CodeInvalidUsername, "the username must not mix letters of several scripts, such as Latin and Cyrillic")
}

// scriptOf returns the script of a character, "" when Go's tables have none.
func scriptOf(r rune) string {
	if r < utf8.RuneSelf {
		if unicode.IsLetter(r) {
			return "Latin"
		}
		return "Common"
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return name
		}
	}
	return ""
}
