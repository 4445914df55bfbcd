// Package foreign verifies password hashes that other programs made, so that their
// users can move to authctl with the passwords that they have.
//
// These are the spellings that it reads. Salts and tags are in base64 where nothing
// else is said, with or without padding.
//
//	bcrypt         $2a$10$…  $2b$…  $2y$…               bcrypt$$2b$…  bcrypt_sha256$$2b$…   (Django)
//	scrypt         $scrypt$ln=14,r=8,p=1$SALT$TAG        (PHC, passlib; ln may be N itself, as Kratos has it)
//	               scrypt$16384$SALT$8$1$TAG             (Django; its salts are text)
//	PBKDF2         $pbkdf2-sha256$29000$SALT$TAG         (passlib: '.' for '+'; also $pbkdf2$, which is SHA-1, and -sha512)
//	               $pbkdf2-sha256$i=29000,l=32$SALT$TAG  (PHC, Kratos; also -sha1 and -sha512)
//	               pbkdf2_sha256$29000$SALT$TAG          (Django; also _sha1 and _sha512; its salts are text)
//	Argon2         $argon2id$v=19$m=65536,t=3,p=4$SALT$TAG   $argon2i$…   argon2$argon2id$…   (Django)
//	SHA-crypt      $5$rounds=5000$salt$…   $6$…          (crypt(3))
//	phpass         $P$B…  $H$B…                          (WordPress, phpBB)
//	Firebase       $fbscrypt$v=1,n=14,r=8,p=1,ss=SEPARATOR,sk=KEY$SALT$TAG   (GoTrue)
//	               $firescrypt$ln=14,r=8,p=1$SALT$TAG$SEPARATOR$KEY          (Kratos)
//
// Hashes that are no more than one round of MD5, SHA-1 or SHA-2, and the old crypt(3)
// ones, are refused: whoever has them has the passwords.
package foreign

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
)

// The errors of [Parse]. None tells anything of the hash but its format.
var (
	ErrUnknown = errors.New("has no known format")
	ErrCorrupt = errors.New("is corrupt")
	ErrBounds  = errors.New("has a cost that is too high or too low")
	ErrWeak    = errors.New("is of a kind that can be guessed billions of times a second")
)

const (
	maxLength = 1024    // bytes of an encoded hash
	hardLimit = 1 << 30 // bytes of working memory, whatever the caller allows
	minSalt   = 1       // bytes; other programs' are not ours to judge
	minTag    = 12      // bytes, of which an attacker must hit one
	maxTag    = 128     // bytes
)

// Hash is a parsed password hash.
type Hash struct {
	algorithm string
	settings  string
	memory    int64
	effort    int64
	verify    func(text string) bool      // computes one hash
	forms     func(password string) forms // nil for the password itself
	normal    func(Password) []string     // nil for the password as typed, then its NFC
}

// Memory returns how many bytes Verify works with.
func (h Hash) Memory() int64 { return h.memory }

// Effort grows with the time that Verify takes, and is to be compared among hashes of one
// algorithm only.
func (h Hash) Effort() int64 { return h.effort }

// Algorithm names the algorithm: bcrypt, scrypt, pbkdf2-sha256, argon2id, …
func (h Hash) Algorithm() string { return h.algorithm }

// Settings returns what the hash costs, in the algorithm's own terms: cost=10.
func (h Hash) Settings() string { return h.settings }

// parser reads one format, without its prefix.
type parser struct {
	prefix string
	parse  func(rest string, maxMemory int64) (Hash, error)
}

func parsers() []parser {
	return []parser{
		{"$2a$", parseBcrypt("$2a$")}, {"$2b$", parseBcrypt("$2b$")}, {"$2y$", parseBcrypt("$2y$")},
		{"bcrypt$", parseDjangoBcrypt}, {"bcrypt_sha256$", parseDjangoBcryptSHA256},
		{"$scrypt$", parseScrypt}, {"scrypt$", parseDjangoScrypt},
		{"$pbkdf2$", parsePBKDF2("sha1")}, {"$pbkdf2-sha1$", parsePBKDF2("sha1")},
		{"$pbkdf2-sha256$", parsePBKDF2("sha256")}, {"$pbkdf2-sha512$", parsePBKDF2("sha512")},
		{"pbkdf2_sha1$", parseDjangoPBKDF2("sha1")}, {"pbkdf2_sha256$", parseDjangoPBKDF2("sha256")}, {"pbkdf2_sha512$", parseDjangoPBKDF2("sha512")},
		{"$argon2id$", parseArgon2("argon2id")}, {"$argon2i$", parseArgon2("argon2i")},
		{"argon2$argon2id$", parseArgon2("argon2id")}, {"argon2$argon2i$", parseArgon2("argon2i")},
		{"$5$", parseSHACrypt("sha256-crypt")}, {"$6$", parseSHACrypt("sha512-crypt")},
		{"$P$", parsePHPass("$P$")}, {"$H$", parsePHPass("$H$")},
		{"$fbscrypt$", parseGoTrueFirebase}, {"$firescrypt$", parseKratosFirebase},
	}
}

// weak are the prefixes of formats that are refused.
func weak() []string {
	return []string{"$1$", "$apr1$", "$md5$", "$md5-crypt$", "$sha1$", "$sha256$", "$sha512$", "$sha-", "$ssha", "$3$",
		"{SHA", "{SSHA", "{MD5", "{SMD5", "{CRYPT", "md5$", "sha1$", "unsalted_", "$hmac"}
}

// Parse reads an encoded hash, and holds it to the bounds before anything is allocated
// for it: no more than maxMemory bytes, nor 1 GiB, to work with, and no more than some
// ten seconds on an ordinary processor. It fails with [ErrUnknown], [ErrCorrupt],
// [ErrBounds] or [ErrWeak].
func Parse(encoded string, maxMemory int64) (Hash, error) {
	if len(encoded) > maxLength {
		return Hash{}, wrap(ErrCorrupt)
	}
	for _, p := range parsers() {
		if rest, ok := strings.CutPrefix(encoded, p.prefix); ok {
			h, err := p.parse(rest, min(maxMemory, hardLimit))
			if err != nil {
				return Hash{}, wrap(err)
			}
			return h, nil
		}
	}
	for _, prefix := range weak() {
		if strings.HasPrefix(encoded, prefix) {
			return Hash{}, wrap(ErrWeak)
		}
	}
	return Hash{}, wrap(ErrUnknown)
}

func wrap(err error) error { return fmt.Errorf("password hash %w", err) }

func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
