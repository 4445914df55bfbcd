// Package foreign verifies password hashes that other programs made, so that their
// users can move to authctl with the passwords that they have.
//
// These are the spellings that it reads. Salts and tags are in base64 where nothing
// else is said, with or without padding.
//
//	bcrypt         $2a$10$…  $2b$…  $2y$…               bcrypt$$2b$…  bcrypt_sha256$$2b$…   (Django)
//	               $bcrypt-sha256$v=2,t=2b,r=12$SALT$TAG   $bcrypt-sha256$2b,12$SALT$TAG   (passlib, Authelia)
//	               $bcrypt$v=98$r=10$SALT$TAG            (AdonisJS)
//	               $wp$2y$10$…                           (WordPress: of HMAC-SHA-384 of the password)
//	scrypt         $scrypt$ln=14,r=8,p=1$SALT$TAG        (PHC, passlib; ln may be N itself, as Kratos has it)
//	               $scrypt$n=16384,r=8,p=1$SALT$TAG      (AdonisJS: N itself)
//	               scrypt$16384$SALT$8$1$TAG             (Django; its salts are text)
//	               scrypt:32768:8:1$SALT$HEX             (Werkzeug, Flask; its salts are text)
//	               SALT:HEX   s2:SALT:HEX                (better-auth, Lucia: N=16384, r=16, p=1; the salts are text; r=8 after a salt
//	                                                     of 16 letters and digits, which Lucia's beta versions made)
//	               $7$CU..../....SALT$TAG                (crypt(3))
//	               $e0801$SALT$TAG                       (Spring; also {scrypt}… and {scrypt@…}…)
//	               c2NyeXB0…                             (a file header of scrypt-kdf: Medusa)
//	yescrypt       $y$j9T$SALT$TAG   $gy$j9T$SALT$TAG    (crypt(3))
//	PBKDF2         $pbkdf2-sha256$29000$SALT$TAG         (passlib: '.' for '+'; also $pbkdf2$, which is SHA-1, -sha224, -sha384 and -sha512)
//	               $pbkdf2-sha256$i=29000,l=32$SALT$TAG  (PHC, Kratos; npm's @phc/pbkdf2 leaves l out)
//	               pbkdf2_sha256$29000$SALT$TAG          (Django; also _sha1 and _sha512; its salts are text)
//	               pbkdf2:sha256:260000$SALT$HEX         (Werkzeug, Flask; its salts are text)
//	               :pbkdf2:sha512:30000:64:SALT:TAG      (MediaWiki; also :bcrypt:9$… and :argon2:$argon2id$…)
//	               :pbkdf2-legacyB:!sha512:30000:64!SALT!SALT!TAG   (MediaWiki: of its old MD5; also :pbkdf2-legacyA:)
//	               AQAAAA…   AA…                         (ASP.NET Identity, versions 3 and 2)
//	               {PBKDF2}10000$SALT$TAG                (OpenLDAP, passlib; also {PBKDF2-SHA1}, -SHA256 and -SHA512)
//	               {PBKDF2}$1$SALT$5000$HEX              (Dovecot; its salts are text)
//	               {pbkdf2}HEX   {pbkdf2@…}HEX           (Spring)
//	               {PKCS5S2}…                            (Atlassian)
//	SCRAM          {SCRAM-SHA-1}4096,SALT,KEY,KEY   {SCRAM-SHA-256}…   (Dovecot)
//	Argon2         $argon2id$v=19$m=65536,t=3,p=4$SALT$TAG   $argon2i$…   argon2$argon2id$…   (Django)
//	SHA-crypt      $5$rounds=5000$salt$…   $6$…          (crypt(3))
//	phpass         $P$B…  $H$B…                          (WordPress, phpBB)
//	               $S$D…                                 (Drupal: with SHA-512)
//	               U$S$D…  U$P$B…  U$H$B…                (Drupal, updated from 6: of the password's MD5)
//	Firebase       $fbscrypt$v=1,n=14,r=8,p=1,ss=SEPARATOR,sk=KEY$SALT$TAG   (GoTrue)
//	               $firescrypt$ln=14,r=8,p=1$SALT$TAG$SEPARATOR$KEY          (Kratos)
//
// A scheme in braces, such as {CRYPT} or {SHA512-CRYPT}, may stand before a hash of
// crypt(3), of bcrypt or of Argon2. Dovecot's may end in .HEX, .B64 or .BASE64, and what follows is then
// in that encoding.
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
	ErrUnknown     = errors.New("has no known format")
	ErrUnsupported = errors.New("has a format that is not read here")
	ErrCorrupt     = errors.New("is corrupt")
	ErrBounds      = errors.New("has a cost that is too high or too low")
	ErrWeak        = errors.New("does not protect the password")
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
	prehash   Prehash
	normal    func(Password) []string // nil for the password as typed, then its NFC
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

// Parse reads an encoded hash, and holds it to the bounds before anything is allocated
// for it: no more than maxMemory bytes, nor 1 GiB, to work with, and no more than some
// ten seconds on an ordinary processor. It fails with [ErrUnknown], [ErrUnsupported],
// [ErrCorrupt], [ErrBounds] or [ErrWeak].
func Parse(encoded string, maxMemory int64) (Hash, error) {
	if len(encoded) > maxLength {
		return Hash{}, wrap(ErrCorrupt)
	}
	h, err := parse(encoded, min(maxMemory, hardLimit))
	if err != nil {
		return Hash{}, wrap(err)
	}
	return h, nil
}

func parse(encoded string, maxMemory int64) (Hash, error) {
	for _, p := range parsers() {
		if rest, ok := strings.CutPrefix(encoded, p.prefix); ok {
			return p.parse(rest, maxMemory)
		}
	}
	if scheme, rest, ok := cutScheme(encoded); ok {
		return parseScheme(scheme, rest, maxMemory)
	}
	for _, shape := range shapes() {
		if shape.fits(encoded) {
			return shape.parse(encoded, maxMemory)
		}
	}
	if why := unsupported(encoded); why != "" {
		return Hash{}, notRead(why)
	}
	if why := weakness(encoded); why != "" {
		return Hash{}, tooWeak(why)
	}
	return Hash{}, ErrUnknown
}

func wrap(err error) error { return fmt.Errorf("password hash %w", err) }

func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
