package mail

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxName is the max length, in characters, of a name that somebody else chose.
const maxName = 64

// stranger returns text that somebody else may have chosen, such as a username, so that a mail may
// show it. Mail readers make links of what looks like one ("evil.example", "https://…"), in plain
// text and in HTML. So a blank follows each character without which there is no link: dots, colons,
// slashes and at signs, in all their forms. Usernames have no blanks, so a reader can tell. Control
// characters and line breaks become blanks; invisible characters are left out; quotes become
// apostrophes, because the text is shown between quotes. It is cut after limit characters.
func stranger(text string, limit int) string {
	if len(text) > 16*limit {
		text = text[:16*limit] // a normal form may be 18 times as long
	}
	var b strings.Builder
	n := 0
	for _, r := range norm.NFKC.String(strings.ToValidUTF8(text, "\uFFFD")) {
		if n++; n > limit {
			b.WriteRune('…')
			break
		}
		switch {
		case unicode.In(r, unicode.Cf, unicode.Co):
		case !unicode.IsGraphic(r) || unicode.IsSpace(r):
			b.WriteByte(' ')
		case strings.ContainsRune("\"“”„‟«»‹›‘’‚‛`「」『』", r):
			b.WriteByte('\'')
		case strings.ContainsRune(`.:/\@。⁄∕`, r):
			b.WriteRune(r)
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
