package mail

import (
	"strings"
	"unicode/utf8"
)

// The widths of a line of the plain text, and of a word that is not the link, in characters.
const (
	lineWidth = 76
	wordWidth = 150
)

// plain returns the part text/plain: the paragraphs, in lines of up to 76 characters. A longer word
// has a line of its own, and is broken after 150 characters: some scripts have no blanks. The link
// is never broken.
func plain(paragraphs []string, link string) string {
	var b strings.Builder
	for i, p := range paragraphs {
		if i > 0 {
			b.WriteByte('\n')
		}
		if p == link {
			b.WriteString(p + "\n")
			continue
		}
		column := 0
		for _, word := range broken(wordsOf(p)) {
			width := utf8.RuneCountInString(word)
			switch {
			case column == 0:
				column = width
			case column+1+width <= lineWidth:
				b.WriteByte(' ')
				column += 1 + width
			default:
				b.WriteByte('\n')
				column = width
			}
			b.WriteString(word)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// broken breaks words that are too long for a line.
func broken(words []string) []string {
	var short []string
	for _, word := range words {
		letters := []rune(word)
		for len(letters) > wordWidth {
			short = append(short, string(letters[:wordWidth]))
			letters = letters[wordWidth:]
		}
		short = append(short, string(letters))
	}
	return short
}
