package foreign

import (
	"fmt"
	"strings"
)

// cutScheme cuts the name in braces from a hash of OpenLDAP, Dovecot or Spring.
func cutScheme(encoded string) (scheme, rest string, ok bool) {
	after, braced := strings.CutPrefix(encoded, "{")
	if !braced {
		return "", "", false
	}
	scheme, rest, ok = strings.Cut(after, "}")
	return scheme, rest, ok && within(scheme, itoa64+"-_@")
}

// parseScheme reads what follows a name in braces. The name counts where the text has no format of
// its own; otherwise the text does.
func parseScheme(scheme, rest string, maxMemory int64) (Hash, error) {
	name, _, _ := strings.Cut(strings.ToUpper(scheme), "@") // Spring: pbkdf2@SpringSecurity_v5_8
	switch name {
	case "PBKDF2":
		return parsePBKDF2Scheme(scheme, rest, maxMemory)
	case "PBKDF2-SHA1", "PBKDF2-SHA256", "PBKDF2-SHA512":
		return parsePBKDF2(strings.ToLower(strings.TrimPrefix(name, "PBKDF2-")))(rest, maxMemory)
	case "SCRAM-SHA-1":
		return parseSCRAM("sha1", rest, maxMemory)
	case "SCRAM-SHA-256":
		return parseSCRAM("sha256", rest, maxMemory)
	case "PKCS5S2":
		return parseAtlassian(rest, maxMemory)
	}
	if why := weakScheme(name, scheme); why != "" {
		return Hash{}, tooWeak(why)
	}
	if name == "LDAP" && strings.HasPrefix(rest, "{") { // Spring's, before one of LDAP
		return parse(rest, maxMemory)
	}
	if strings.HasPrefix(rest, "{") { // one name is enough
		return Hash{}, ErrUnknown
	}
	if base, encoding, encoded := strings.Cut(scheme, "."); encoded {
		text, err := dovecotText(encoding, rest)
		if err != nil {
			return Hash{}, err
		}
		return parseScheme(base, text, maxMemory)
	}
	h, err := parse(rest, maxMemory)
	if err != nil && strings.HasPrefix(rest, "$") || err == nil {
		return h, err
	}
	if name == "CRYPT" {
		if why := weakness(rest); why != "" {
			return Hash{}, tooWeak(why)
		}
	}
	return Hash{}, fmt.Errorf("%w: it is of a scheme that is not supported", ErrUnknown)
}

// weakScheme returns why the hashes of a scheme are refused, "" when they are not.
func weakScheme(name, scheme string) string {
	base, _, _ := strings.Cut(name, ".") // Dovecot: SSHA256.HEX
	switch base {
	case "MD5", "SMD5", "LDAP-MD5", "PLAIN-MD5", "PLAIN-MD4", "MD4", "SHA", "SHA1", "SSHA", "SHA-1", "SHA-256", "SHA224", "SSHA224",
		"SSHA256", "SHA384", "SSHA384", "SHA512", "SSHA512", "SHA3-256", "SHA3-512", "DIGEST-MD5", "CRAM-MD5", "HMAC-MD5", "RPA", "OTP", "SKEY":
		return weakOneRound
	case "SHA256":
		if scheme == "sha256" { // Spring's StandardPasswordEncoder
			return "1,024 rounds of SHA-256, which can be guessed millions of times a second"
		}
		return weakOneRound
	case "MD5-CRYPT":
		return weakMD5Crypt
	case "DES-CRYPT":
		return weakDES
	case "LANMAN", "NTLM", "LM", "NT":
		return weakLanMan
	case "PLAIN", "CLEARTEXT", "CLEAR", "NOOP":
		return weakPlain
	}
	return ""
}
