package cmd

import (
	"bytes"
	"encoding/binary"
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
	if isPlain(bytes.TrimSuffix(text, []byte{'\n'})) {
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

// isPlain reports whether text is printable ASCII. Every line of the log is asked, so it reads eight
// bytes at a time.
func isPlain(text []byte) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; len(text) >= 8; text = text[8:] {
		x := binary.LittleEndian.Uint64(text)
		// The first term has the high bit of a byte below ' ' (if there is one, perhaps also that of a
		// higher byte), the second that of 0x7f (perhaps also of a byte behind one above it).
		if ((x-ones*' ')|(x+ones)|x)&high != 0 {
			return false
		}
	}
	for _, c := range text {
		if c < ' ' || c >= 0x7f {
			return false
		}
	}
	return true
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
