package foreign

import (
	"fmt"
	"slices"
)

// Password is one password in the two forms that may have been hashed.
type Password struct {
	Typed string // as typed, in UTF-8; most programs hash this
	NFC   string // in Unicode's normal form C
}

// Texts returns the NFC, and the password as typed where that differs.
func (p Password) Texts() []string {
	if p.Typed == p.NFC {
		return []string{p.NFC}
	}
	return []string{p.NFC, p.Typed}
}

// Match is the result of comparing a password with a hash.
type Match struct {
	OK    bool // the password belongs to the hash
	Whole bool // the hash saw the whole password; without it, other passwords belong to the hash too
}

// form is a text that a program may have hashed for a password.
type form struct {
	text  string
	whole bool // the text has all of the password
}

type forms []form

// add appends a form, unless the text is there already.
func (f forms) add(text string, whole bool) forms {
	if slices.ContainsFunc(f, func(other form) bool { return other.text == text }) {
		return f
	}
	return append(f, form{text, whole})
}

// tries returns the texts to compare with the hash, the likeliest first. There are at most six.
func (h Hash) tries(p Password) forms {
	passwords := []string{p.Typed, p.NFC}
	if h.normal != nil {
		passwords = h.normal(p)
	}
	var all forms
	for _, password := range passwords {
		text, digest := h.prehash.apply(password)
		switch {
		case h.forms == nil:
			all = all.add(text, h.normal == nil || password == p.NFC) // NFKC takes different passwords for one
		case digest:
			all = all.add(h.forms(text)[0].text, true)
		default:
			for _, f := range h.forms(text) {
				all = all.add(f.text, f.whole)
			}
		}
	}
	return all
}

// Tries returns how many hashes [Hash.Verify] computes for a password that is wrong. The number
// depends on the password and on the format of the hash.
func (h Hash) Tries(p Password) int { return len(h.tries(p)) }

// Family names the hashes for which [Hash.Tries] is the same: of one algorithm, and of one program where
// programs differ.
func (h Hash) Family() string {
	const long = ` "it's a long password of more than seventy-two bytes, with blanks at its ends" `
	return fmt.Sprintf("%s %s %d", h.algorithm, h.prehash.Kind, h.Tries(Password{long, long}))
}

// Verify reports whether the password belongs to the hash. It tries the password as typed, then its
// NFC, each in the forms that the program may have hashed; the first that fits ends it. It takes as
// long for a password that the algorithm does not take: that is computed cut, and refused.
func (h Hash) Verify(p Password) Match {
	for _, try := range h.tries(p) {
		if h.verify(try.text) {
			return Match{OK: true, Whole: try.whole}
		}
	}
	return Match{}
}
