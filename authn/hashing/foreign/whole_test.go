package foreign

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

// TestAHashThatTakesDifferentPasswordsForOneIsKept: of a program that normalizes a password, or adds backslashes to
// it, the hash belongs to the text of one user who is right and of another who is not.
func TestAHashThatTakesDifferentPasswordsForOneIsKept(t *testing.T) {
	t.Parallel()
	const (
		betterAuth = "0123456789abcdef0123456789abcdef:"
		hashed     = "file 9 \u00e9"  // by better-auth
		slashed    = `it\'s 9 horses` // by WordPress's form
	)
	for _, tt := range []struct {
		hash, hashed, typed string
		want                Match
	}{
		{betterAuth, hashed, "file 9 \u00e9", Match{OK: true, Whole: true}},
		{betterAuth, hashed, "file 9 e\u0301", Match{OK: true, Whole: true}},
		{betterAuth, hashed, "\ufb01le 9 \u00e9", Match{OK: true}},  // with a ligature
		{betterAuth, hashed, "file \uff19 \u00e9", Match{OK: true}}, // with a wide digit
		{betterAuth, hashed, "file 8 \u00e9", Match{}},
		{"$P$5", slashed, `it's 9 horses`, Match{OK: true, Whole: true}},
		{"$P$5", slashed, `it\'s 9 horses`, Match{OK: true}},
		{"$P$5", slashed, `it\\'s 9 horses`, Match{}},
		{"$wp$2y$04$", slashed, `it's 9 horses`, Match{OK: true, Whole: true}},
		{"$wp$2y$04$", slashed, `it\'s 9 horses`, Match{OK: true}},
	} {
		length := map[string]int{betterAuth: 2 * betterAuthTag, "$P$5": 30, "$wp$2y$04$": 53}[tt.hash]
		h, err := Parse(tt.hash+strings.Repeat("a", length), roomy)
		if err != nil {
			t.Fatal(err)
		}
		hashed := tt.hashed
		if h.algorithm == "bcrypt-sha384" {
			mac := hmac.New(sha512.New384, []byte("wp-sha384"))
			mac.Write([]byte(hashed))
			hashed = base64.StdEncoding.EncodeToString(mac.Sum(nil))
		}
		h.verify = func(text string) bool { return text == hashed } // at no cost
		if got := h.Verify(Password{tt.typed, norm.NFC.String(tt.typed)}); got != tt.want {
			t.Errorf("%q with %s: got %+v, want %+v", tt.typed, tt.hash, got, tt.want)
		}
	}
}
