package foreign

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// decode reads base64, with or without padding, in one spelling only.
func decode(s string) ([]byte, error) {
	trimmed := strings.TrimRight(s, "=")
	if padding := len(s) - len(trimmed); padding > 0 && (padding > 2 || len(s)%4 != 0) {
		return nil, ErrCorrupt
	}
	b, err := base64.RawStdEncoding.Strict().DecodeString(trimmed)
	if err != nil || strings.ContainsAny(trimmed, "\r\n") {
		return nil, ErrCorrupt
	}
	return b, nil
}

// decodePair reads a salt and a tag, and holds them to their bounds.
func decodePair(salt, tag string) (s, t []byte, err error) {
	if s, err = decode(salt); err != nil {
		return nil, nil, err
	}
	if t, err = decode(tag); err != nil {
		return nil, nil, err
	}
	return s, t, checkPair(s, t)
}

func checkPair(salt, tag []byte) error {
	if len(salt) < minSalt || len(tag) < minTag || len(tag) > maxTag {
		return ErrBounds
	}
	return nil
}

// number reads a decimal number in one spelling only.
func number(s string, least, most int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || strconv.Itoa(n) != s {
		return 0, ErrCorrupt
	}
	if n < least || n > most {
		return 0, ErrBounds
	}
	return n, nil
}

// options reads "ln=14,r=8,p=1": each name once, and no other.
func options(s string, names ...string) (map[string]string, error) {
	values := map[string]string{}
	for field := range strings.SplitSeq(s, ",") {
		name, value, ok := strings.Cut(field, "=")
		if _, twice := values[name]; !ok || twice {
			return nil, ErrCorrupt
		}
		values[name] = value
	}
	if len(values) != len(names) {
		return nil, ErrCorrupt
	}
	for _, name := range names {
		if _, there := values[name]; !there {
			return nil, ErrCorrupt
		}
	}
	return values, nil
}

// split cuts a text at its dollar signs into exactly n parts.
func split(s string, n int) ([]string, error) {
	parts := strings.Split(s, "$")
	if len(parts) != n {
		return nil, ErrCorrupt
	}
	return parts, nil
}

// itoa64 is the alphabet of crypt(3).
const itoa64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// encode24 appends n characters of crypt(3)'s base64, the lowest bits first.
func encode24(out []byte, b2, b1, b0 byte, n int) []byte {
	w := uint(b2)<<16 | uint(b1)<<8 | uint(b0)
	for range n {
		out = append(out, itoa64[w&63])
		w >>= 6
	}
	return out
}

// within reports whether s has only characters of an alphabet.
func within(s, alphabet string) bool {
	return strings.Trim(s, alphabet) == ""
}
