package cmd

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// hidden reports whether a character could mislead a terminal or a person: control characters
// (C0, C1), characters that change the direction of text, characters without width, and
// unassigned ones. Spaces and line feeds are not hidden.
func hidden(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }

// escapeJSON writes hidden characters in JSON text as escapes (RFC 8259, section 7).
func escapeJSON(text []byte) []byte {
	plain := true
	for _, c := range text {
		plain = plain && (c == '\n' || (c >= ' ' && c < 0x7f))
	}
	if plain {
		return text
	}
	out := make([]byte, 0, len(text)+64)
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case !hidden(r):
			out = append(out, text[:size]...)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		text = text[size:]
	}
	return out
}

// escaping is a writer of JSON lines that escapes [hidden] characters. Each call writes one line.
type escaping struct{ io.Writer }

// Write writes a line.
func (e escaping) Write(line []byte) (int, error) {
	if _, err := e.Writer.Write(escapeJSON(line)); err != nil {
		return 0, err
	}
	return len(line), nil
}

// quoteHidden makes YAML write the texts that have hidden characters in double quotes, in
// which [escapeYAML] can escape them.
func quoteHidden(n *yaml.Node) {
	for _, r := range n.Value {
		if hidden(r) {
			n.Style = yaml.DoubleQuotedStyle
		}
	}
}

// escapeYAML writes hidden characters as escapes of YAML 1.2.2, section 5.7.
func escapeYAML(text []byte) []byte {
	var out []byte
	for _, r := range string(text) {
		switch {
		case !hidden(r):
			out = utf8.AppendRune(out, r)
		case r > 0xFFFF:
			out = fmt.Appendf(out, `\U%08X`, r)
		default:
			out = fmt.Appendf(out, `\u%04X`, r)
		}
	}
	return out
}

// printable makes untrusted text harmless to a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}
