package mail

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"text/template"
	"unicode"
	"unicode/utf8"
)

// written is what the sentences of a language make of a mail. Both parts are made from it.
type written struct {
	subject    string
	paragraphs []string // each on one line; one of them is the link, if the mail has one
}

var paragraphEnd = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\n[ \t]*\n`) })

// write executes the two blocks of a kind of mail.
func write(texts *template.Template, w words) (written, error) {
	head, err := execute(texts, subject(w.mail.Kind), w)
	if err != nil {
		return written{}, trimmed(err)
	}
	head = oneLine(head)
	if head == "" || strings.ContainsFunc(head, func(r rune) bool { return !unicode.IsGraphic(r) }) || utf8.RuneCountInString(head) > maxLine {
		return written{}, fault(texts, subject(w.mail.Kind), "must be one line of up to %d visible characters", maxLine)
	}
	block := string(w.mail.Kind)
	body, err := execute(texts, block, w)
	if err != nil {
		return written{}, trimmed(err)
	}
	var paragraphs []string
	links := 0
	for _, p := range paragraphEnd().Split(body, -1) {
		p = oneLine(p)
		switch {
		case p == "":
			continue
		case w.link != "" && p == w.link:
			links++
		case w.link != "" && strings.Contains(p, w.link):
			return written{}, fault(texts, block, "must have {{.Link}} alone between two empty lines: readers take what follows it for a part of it")
		}
		paragraphs = append(paragraphs, p)
	}
	switch {
	case len(paragraphs) == 0:
		return written{}, fault(texts, block, "is empty")
	case w.link != "" && links != 1:
		return written{}, fault(texts, block, "has {{.Link}} %d times; it must have it once", links)
	}
	return written{head, paragraphs}, nil
}

// fault returns an error about a block that names its file and line.
func fault(texts *template.Template, block, format string, args ...any) error {
	return fmt.Errorf("%s: the block %q %s", place(texts.Lookup(block).Tree), block, fmt.Sprintf(format, args...))
}

// oneLine replaces line breaks and rows of blanks by one blank. Blanks that do not break stay.
func oneLine(text string) string { return strings.Join(wordsOf(text), " ") }

func wordsOf(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' || r == '\r' })
}
