package authn

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	// MaxPassword is the max length of a password, in code points after NFC. Longer ones are refused,
	// never truncated.
	MaxPassword = 256

	maxPasswordBytes = MaxPassword * utf8.UTFMax * 2
	serviceName      = "authctl"
)

// passwordPolicy decides which passwords a new account may have. It follows NIST SP 800-63B-4,
// section 3.1.1.2: a min length and a blocklist, no composition rules.
type passwordPolicy struct {
	min       int // code points
	blocklist *Blocklist
	warns     bool // blocklisted passwords are accepted with a warning
}

// normalizePassword returns the form of a password that is hashed: NFC and nothing else, so that
// one password typed on two keyboards gives the same hash. It reports false for invalid UTF-8, for
// U+FFFD (which a broken conversion leaves, and which would make different passwords equal), for
// U+0000, and for more than 256 code points.
func normalizePassword(password string) (string, bool) {
	if len(password) > maxPasswordBytes || !utf8.ValidString(password) ||
		strings.ContainsRune(password, utf8.RuneError) || strings.ContainsRune(password, 0) {
		return "", false
	}
	nfc := norm.NFC.String(password)
	return nfc, utf8.RuneCountInString(nfc) <= MaxPassword
}

// namesOf returns the names of a user, which a password must not be: the folded username, the
// address, also with its domain in the letters of its language, and the part of it before the @. email
// is "" for none.
func namesOf(folded, email string) []string {
	if email == "" {
		return []string{folded}
	}
	email = strings.ToLower(email)
	return []string{folded, email, strings.ToLower(DisplayEmail(email)), email[:max(0, strings.LastIndexByte(email, '@'))]}
}

// check normalizes a new password. It refuses a weak one with [CodeWeakPassword]. names are those of
// the user; see namesOf. The warning is text for a person.
func (p passwordPolicy) check(password string, names ...string) (nfc, warning string, err error) {
	nfc, ok := normalizePassword(password)
	if !ok {
		return "", "", weak(WeakMalformed, fmt.Sprintf("must be valid UTF-8 of at most %d characters, without U+0000 and U+FFFD", MaxPassword))
	}
	if n := utf8.RuneCountInString(nfc); n < p.min {
		return "", "", weak(WeakShort, fmt.Sprintf("must have at least %d characters", p.min))
	}
	why := p.guessable(strings.ToLower(nfc), names)
	switch {
	case why == "":
		return nfc, "", nil
	case p.warns:
		return nfc, "the password " + guess[why] + "; it would be refused in production", nil
	default:
		return "", "", weak(why, guess[why]+", choose another one")
	}
}

// guessable returns why a lower-cased password is easy to guess, or "".
func (p passwordPolicy) guessable(lower string, names []string) Weakness {
	core := withoutTail(lower)
	if p.common(lower, core) {
		return WeakCommon
	}
	for _, word := range append(slices.Clone(names), serviceName) {
		if lower == word || core == word || (core != "" && repeats(core, word)) {
			return WeakName
		}
	}
	if sequential(lower) || (utf8.RuneCountInString(core) >= 6 && sequential(core)) {
		return WeakSequence
	}
	for _, form := range []string{lower, core} {
		if unit := period(form); unit != "" && (utf8.RuneCountInString(unit) <= 4 || p.blocklist.Contains(unit)) &&
			(form == lower || utf8.RuneCountInString(form) >= 2+utf8.RuneCountInString(unit)) {
			return WeakRepetition
		}
	}
	return ""
}

// common reports whether the blocklist has a password: unchanged, with substituted letters
// restored, or without part of what follows its core. At least half of the password must match, so
// a long tail makes a new password.
func (p passwordPolicy) common(lower, core string) bool {
	least := (utf8.RuneCountInString(lower) + 1) / 2
	for form := lower; len(form) >= len(core) && form != "" && utf8.RuneCountInString(form) >= least; {
		if p.blocklist.Contains(form) || p.blocklist.Contains(plainL.Replace(form)) || p.blocklist.Contains(plainI.Replace(form)) {
			return true
		}
		_, size := utf8.DecodeLastRuneInString(form)
		form = form[:len(form)-size]
	}
	return false
}

// withoutTail removes what people append to a common password: digits, punctuation, symbols and
// spaces.
func withoutTail(s string) string {
	return strings.TrimRightFunc(s, func(r rune) bool {
		return unicode.IsDigit(r) || unicode.IsPunct(r) || unicode.IsSymbol(r) || unicode.IsSpace(r)
	})
}

// The letters that people replace by other characters; 1 replaces two of them.
var (
	plainL = strings.NewReplacer("@", "a", "0", "o", "1", "l", "3", "e", "$", "s", "5", "s")
	plainI = strings.NewReplacer("@", "a", "0", "o", "1", "i", "3", "e", "$", "s", "5", "s")
)

// repeats reports whether s is unit repeated several times.
func repeats(s, unit string) bool {
	return unit != "" && len(s)%len(unit) == 0 && s == strings.Repeat(unit, len(s)/len(unit))
}

// period returns the shortest string that s repeats at least twice, or "".
func period(s string) string {
	if s == "" {
		return ""
	}
	if i := strings.Index((s + s)[1:], s); i+1 < len(s) {
		return s[:i+1]
	}
	return ""
}

// sequential reports whether each code point is the successor of the one before, or each is the
// predecessor.
func sequential(s string) bool {
	runes := []rune(s)
	if len(runes) < 2 {
		return false
	}
	step := runes[1] - runes[0]
	if step != 1 && step != -1 {
		return false
	}
	for i := 1; i < len(runes); i++ {
		if runes[i]-runes[i-1] != step {
			return false
		}
	}
	return true
}
