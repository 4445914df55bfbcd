package userfile

import (
	"bufio"
	"errors"
	"io"
	"strings"
)

// token is a part of a SQL statement.
type token struct {
	kind   byte // w for a word, a number or a name, t for a text, and the sign itself for ( ) , ; .
	text   string
	quoted bool // a name in backticks
}

// is reports whether a token is a keyword.
func (t token) is(keyword string) bool {
	return t.kind == 'w' && !t.quoted && strings.EqualFold(t.text, keyword)
}

// lexer reads the tokens of MySQL's SQL. It leaves out comments.
type lexer struct {
	in        *bufio.Reader
	at        int64 // bytes read
	careless  bool  // texts are read and not kept
	keep      int   // bytes that are kept of a text, the rest is read over; 0 for all, and no more than maxRecord
	announced bool  // a comment says that this is a dump
	completed bool  // a comment says that the dump is complete
}

// unfinished reports whether a dump lacks the comment that ends it.
func (l *lexer) unfinished() bool { return l.announced && !l.completed }

func (l *lexer) byte() (byte, error) {
	b, err := l.in.ReadByte()
	if err == nil {
		l.at++
	}
	return b, err
}

func (l *lexer) back() {
	l.in.UnreadByte()
	l.at--
}

// peek returns the next byte, and does not read it.
func (l *lexer) peek() (byte, error) {
	next, err := l.in.Peek(1)
	if err != nil {
		return 0, err
	}
	return next[0], nil
}

// skip reads to the end of a statement.
func (l *lexer) skip() error {
	l.careless = true
	defer func() { l.careless = false }()
	for {
		if t, err := l.next(); err != nil || t.kind == ';' {
			return err
		}
	}
}

// next returns the next token. It fails with [io.EOF] between two tokens, and with
// [io.ErrUnexpectedEOF] within one.
func (l *lexer) next() (token, error) {
	for {
		b, err := l.byte()
		if err != nil {
			return token{}, err
		}
		switch {
		case strings.IndexByte(" \t\r\n", b) >= 0:
		case strings.IndexByte("(),;.", b) >= 0:
			return token{kind: b}, nil
		case b == '\'' || b == '"':
			text, err := l.quoted(b)
			return token{kind: 't', text: text}, err
		case b == '`':
			text, err := l.quoted(b)
			return token{kind: 'w', text: text, quoted: true}, err
		case b == '#':
			err = l.comment()
		case b == '-' && l.follows('-'):
			err = l.comment()
		case b == '/' && l.follows('*'):
			err = l.block()
		default:
			l.back()
			text, err := l.word()
			return token{kind: 'w', text: text}, err
		}
		if err != nil {
			return token{}, err
		}
	}
}

func (l *lexer) follows(b byte) bool {
	next, err := l.peek()
	return err == nil && next == b
}

// quoted reads a text up to its closing quote. A quote in it is doubled, or has a backslash before it.
func (l *lexer) quoted(quote byte) (string, error) {
	var text strings.Builder
	for {
		b, err := l.byte()
		switch {
		case err != nil:
			return "", within(err)
		case b == quote && !l.follows(quote):
			return text.String(), nil
		case b == quote:
			l.byte()
		case b == '\\' && quote != '`':
			if b, err = l.byte(); err != nil {
				return "", within(err)
			}
			b = unescaped(b)
		}
		if l.careless || l.keep > 0 && text.Len() >= l.keep {
			continue
		}
		if text.WriteByte(b); text.Len() > maxRecord {
			return "", errTooLong
		}
	}
}

// unescaped returns the character that a backslash and b stand for.
func unescaped(b byte) byte {
	switch b {
	case '0':
		return 0
	case 'b':
		return '\b'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'Z':
		return 26
	}
	return b
}

// word reads a word, a number, or any run of other characters.
func (l *lexer) word() (string, error) {
	var text strings.Builder
	for {
		b, err := l.byte()
		switch {
		case errors.Is(err, io.EOF) && text.Len() > 0:
			return text.String(), nil
		case err != nil:
			return "", err
		case strings.IndexByte(" \t\r\n(),;'\"`", b) >= 0, text.Len() >= maxRecord:
			l.back()
			return text.String(), nil
		}
		text.WriteByte(b)
	}
}

// comment reads to the end of a line, and looks for what mysqldump says there.
func (l *lexer) comment() error {
	var text strings.Builder
	for {
		b, err := l.byte()
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if err != nil || b == '\n' {
			says := strings.TrimLeft(text.String(), "- ")
			switch {
			case strings.HasPrefix(says, "MySQL dump"), strings.HasPrefix(says, "MariaDB dump"):
				l.announced, l.completed = true, false // another dump may follow one
			case strings.HasPrefix(says, "Dump completed"):
				l.completed = true
			}
			return nil
		}
		if text.Len() < 80 {
			text.WriteByte(b)
		}
	}
}

// block reads a comment to its end. Its first sign has been read.
func (l *lexer) block() error {
	l.byte() // the star of /*
	for star := false; ; {
		b, err := l.byte()
		switch {
		case err != nil:
			return within(err)
		case b == '/' && star:
			return nil
		}
		star = b == '*'
	}
}
