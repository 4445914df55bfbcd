package foreign

import (
	"crypto/sha512"
	"fmt"
	"strings"
)

const (
	drupalLength = 1 + 8 + 43
	maxDrupal    = 20 // log2 of the rounds: some two seconds
)

// parseDrupal reads the hashes of Drupal 7 to 10: phpass with SHA-512 for MD5, cut to 55
// characters.
func parseDrupal(rest string, maxMemory int64) (Hash, error) {
	if len(rest) != drupalLength || !within(rest, itoa64) || maxMemory < phpassMemory {
		return Hash{}, ErrCorrupt
	}
	log := strings.IndexByte(itoa64, rest[0])
	if log < minPHPass || log > maxDrupal {
		return Hash{}, ErrBounds
	}
	salt, tag := rest[1:9], rest[9:]
	return Hash{
		algorithm: "drupal-sha512", settings: fmt.Sprintf("rounds=%d", 1<<log), memory: phpassMemory, effort: 1 << log,
		forms: drupalForms,
		verify: func(password string) bool {
			return equal(drupal(password[:min(len(password), maxPHPassKey)], salt, 1<<log), []byte(tag)) && len(password) <= maxPHPassKey
		},
	}, nil
}

func drupal(password, salt string, rounds int) []byte {
	sum := sha512.Sum512([]byte(salt + password))
	buffer := append(sum[:], password...)
	for range rounds {
		sum = sha512.Sum512(buffer)
		copy(buffer, sum[:])
	}
	var out []byte
	for i := 0; len(out) < drupalLength-9; i += 3 {
		out = encode24(out, sum[i+2], sum[i+1], sum[i], 4)
	}
	return out[:drupalLength-9]
}

// drupalForms returns the password as typed, then without the blanks at its ends, which Drupal hashes.
func drupalForms(password string) forms {
	return forms{{password, true}}.add(trimPHP(password), false)
}

// parseDrupalUpdate reads what an update from Drupal 6 has made of a password's MD5: its hash, by the parser of
// the new form.
func parseDrupalUpdate(parse func(string, int64) (Hash, error)) func(string, int64) (Hash, error) {
	return func(rest string, maxMemory int64) (Hash, error) {
		h, err := parse(rest, maxMemory)
		h.forms = func(password string) forms {
			trimmed := trimPHP(password)
			return forms{{md5Hex(password), true}}.add(md5Hex(trimmed), trimmed == password)
		}
		return h, err
	}
}
