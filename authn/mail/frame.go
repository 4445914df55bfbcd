package mail

import (
	"strings"

	"golang.org/x/text/language"
)

// frame is what the frame of the part text/html may name.
type frame struct {
	Language   string // a tag (RFC 5646)
	Service    string
	Subject    string
	Paragraphs []paragraph
}

// paragraph is one of the paragraphs that the plain text has too.
type paragraph struct {
	Text string
	Link bool // Text is the link
}

// html returns the part text/html: the same paragraphs in the frame. html/template escapes them.
func (t *Texts) html(tag language.Tag, service string, w written, link string) (string, error) {
	data := frame{Language: tag.String(), Service: service, Subject: w.subject}
	for _, p := range w.paragraphs {
		data.Paragraphs = append(data.Paragraphs, paragraph{p, link != "" && p == link})
	}
	var b strings.Builder
	if err := t.frame.Execute(&b, data); err != nil {
		return "", trimmed(err)
	}
	return b.String(), nil
}
