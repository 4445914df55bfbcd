package foreign

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"slices"
	"strings"
)

// parseWordPress reads what WordPress makes since version 6.8: bcrypt of base64 of
// HMAC-SHA-384 of the password, which so is read to its end.
func parseWordPress(rest string, maxMemory int64) (Hash, error) {
	h, err := bcryptHash("$2y$"+rest, maxMemory, func(password string) (all forms) {
		for _, f := range wordPressForms(password) {
			mac := hmac.New(sha512.New384, []byte("wp-sha384"))
			mac.Write([]byte(f.text))
			all = all.add(base64.StdEncoding.EncodeToString(mac.Sum(nil)), f.whole)
		}
		return all
	})
	h.algorithm = "bcrypt-sha384"
	return h, err
}

// wordPressForms returns the password as WordPress hashes it: without the blanks at its ends, and
// from a web form with backslashes too. It does not tell a password with blanks from one without, nor
// one with backslashes from one that has got them.
func wordPressForms(password string) forms {
	trimmed := trimPHP(password)
	whole := trimmed == password
	return forms{{trimmed, whole && !isSlashed(trimmed)}}.add(addSlashes.Replace(trimmed), whole)
}

// trimPHP is PHP's trim.
func trimPHP(text string) string { return strings.Trim(text, " \t\n\r\x00\x0b") }

// addSlashes is PHP's addslashes.
var addSlashes = strings.NewReplacer(`'`, `\'`, `"`, `\"`, `\`, `\\`, "\x00", `\0`)

// isSlashed reports whether addSlashes may have made a text.
func isSlashed(text string) bool {
	return slices.ContainsFunc([]string{`\'`, `\"`, `\\`, `\0`}, func(slashed string) bool { return strings.Contains(text, slashed) })
}
