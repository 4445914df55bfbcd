package foreign

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/text/unicode/norm"
)

// program is a hash that another program made at its usual cost, or that was made as it makes them.
// testdata/README.md says which.
type program struct {
	Program, Version, Password, Hash, Salt, Prehash string

	Kept bool // the hash did not see the whole password
}

func programs(t testing.TB) (all []program) {
	t.Helper()
	text, err := os.ReadFile("testdata/programs.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// parse reads the hash as an import does.
func (p program) parse(t *testing.T) Hash {
	t.Helper()
	encoded, err := Join(p.Hash, p.Salt)
	if err != nil {
		t.Fatalf("%s: %v", p.Program, err)
	}
	h, err := Parse(encoded, 4*roomy)
	if err != nil {
		t.Fatalf("%s: %s: %v", p.Program, p.Hash, err)
	}
	if p.Prehash == "" {
		return h
	}
	before, err := ParsePrehash(p.Prehash)
	if err != nil {
		t.Fatal(err)
	}
	return h.After(before)
}

// TestHashesOfRealProgramsVerify compares the right password, other tails of it, and both normal forms. Costly
// hashes are compared in the long run of the tests only.
func TestHashesOfRealProgramsVerify(t *testing.T) {
	t.Parallel()
	for _, p := range programs(t) {
		h := p.parse(t)
		if os.Getenv("AUTHCTL_TEST_SOAK") == "" && !quick(h) {
			continue
		}
		nfc := norm.NFC.String(p.Password)
		if got := h.Verify(Password{p.Password, nfc}); !got.OK || got.Whole == p.Kept {
			t.Errorf("%s %s: %q with %s: got %+v, kept %t", p.Program, p.Version, p.Password, p.Hash, got, p.Kept)
		}
		if decomposed := norm.NFD.String(nfc); nfc == p.Password && decomposed != nfc {
			if !h.Verify(Password{decomposed, nfc}).OK {
				t.Errorf("%s %s: %s does not belong to %q typed decomposed", p.Program, p.Version, p.Hash, p.Password)
			}
		}
		wrong := []string{p.Password[:len(p.Password)-1] + "x", p.Password + "x", "x" + p.Password[1:]}
		if !quick(h) {
			wrong = wrong[:1]
		}
		for _, wrong := range wrong {
			tail := len(p.Password) > 72 && p.Kept && strings.HasPrefix(wrong, p.Password[:72])
			if got := fits(h, wrong); got != tail && !(p.Kept && strings.TrimSpace(wrong) == strings.TrimSpace(p.Password)) {
				t.Errorf("%s %s: %q with %s: got %t", p.Program, p.Version, wrong, p.Hash, got)
			}
		}
	}
}

// quick reports whether a hash takes some milliseconds.
func quick(h Hash) bool {
	for _, slow := range []string{"cost=1", "i=1", "i=2", "i=3", "i=6", "m=6", "m=3", "ln=1"} {
		if strings.HasPrefix(h.Settings(), slow) && h.Settings() != "i=10000" {
			return false
		}
	}
	return true
}

// TestALengthThatIsTheDigestsNeedNotBeSaid reads PBKDF2 as npm's @phc/pbkdf2 writes it.
func TestALengthThatIsTheDigestsNeedNotBeSaid(t *testing.T) {
	t.Parallel()
	for digest, pair := range map[string]string{
		"sha1":   "c2FsdHNhbHQ$iwnGHj3e4ShfYAA1SPz7CWOx6OI",
		"sha256": "c2FsdHNhbHQ$hgR9HsqtKupWxpnv8y99TrPDajTT/9PcSTlNafpdLXQ",
		"sha512": "c2FsdHNhbHQ$sm09rUzS3++3+cqsWziIoWFO8bEknKwJwGEvyD1ra4PcWJt5OiWFlM/BVv8ybJe4XW8qMpq33ecFrOaibNGiHA",
	} {
		h, err := Parse(fmt.Sprintf("$pbkdf2-%s$i=1000$%s", digest, pair), roomy)
		if err != nil || !fits(h, "secret") || fits(h, "secret9") {
			t.Errorf("%s: got %v", digest, err)
		}
		if _, err := Parse(fmt.Sprintf("$pbkdf2-%s$i=1000$%s", digest, pair[:len(pair)-8]), roomy); err == nil {
			t.Errorf("%s: a tag that was cut is read", digest)
		}
	}
}

func TestASaltOfItsOwnBelongsToTheHash(t *testing.T) {
	t.Parallel()
	const bcrypt = "$2a$05$UzlhfuzHctLpy4lb3PYtM.Cdzu8NT3tdmK/1rHuubgEqslXPZE2kG"
	for name, tt := range map[string]struct{ hash, salt, want string }{
		"none":           {bcrypt, "", bcrypt},
		"a second copy":  {bcrypt, "$2a$05$UzlhfuzHctLpy4lb3PYtM.", bcrypt},
		"Payload":        {payloadPrefix + strings.Repeat("ab", 32), "73", "$pbkdf2-sha256$i=600000,l=32$NzM$" + strings.Repeat("q6ur", 10) + "q6s"},
		"an older one":   {strings.Repeat("ab", 512), "73", "$pbkdf2-sha256$i=25000,l=32$NzM$" + strings.Repeat("q6ur", 10) + "q6s"},
		"lost":           {payloadPrefix + strings.Repeat("ab", 32), "", "password_salt"},
		"lost, older":    {strings.Repeat("ab", 512), "", "password_salt"},
		"cut":            {payloadPrefix + strings.Repeat("ab", 31), "73", "corrupt"},
		"another's":      {strings.Repeat("ab", 32), "73", "how its salt belongs to it"},
		"no digits":      {payloadPrefix + strings.Repeat("xy", 32), "73", "corrupt"},
		"without a hash": {payloadPrefix, "73", "corrupt"},
	} {
		got, err := Join(tt.hash, tt.salt)
		if err != nil {
			got = err.Error()
		}
		if got != tt.want && (err == nil || !strings.Contains(got, tt.want)) {
			t.Errorf("%s: got %s, want %s", name, got, tt.want)
		}
	}
}

// TestARefusalNamesTheRealReason: what follows the braces decides, and the message says what to do.
func TestARefusalNamesTheRealReason(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{CRYPT}$1$abcdefgh$aaaaaaaaaaaaaaaaaaaaaa": "MD5-crypt", "{MD5-CRYPT}$1$abcdefgh$aaaaaaaaaaaaaaaaaaaaaa": "MD5-crypt",
		"{CRYPT}abJnggxhB/yWI": "DES", "{DES-CRYPT}abJnggxhB/yWI": "DES", "abJnggxhB/yWI": "DES", "_J9..rasmBYk8r9AiWNc": "DES",
		"$apr1$abcdefgh$aaaaaaaaaaaaaaaaaaaaaa": "MD5-crypt", "{SSHA}aaaa": "billions", "{SHA256.HEX}aaaa": "billions", "{ssha512}aaaa": "billions",
		"{PLAIN}secret": "the password itself", "{noop}secret": "the password itself", "{sha256}aaaa": "1,024 rounds",
		"{CRYPT}$6$rounds=9999999$salt$" + strings.Repeat("a", 86): "cost", "{SHA512-CRYPT}$6$salt$short": "corrupt",
		"{CRYPT}$9$what": "no known format", "{WHAT}aaaa": "scheme", "{CRYPT": "no known format", "{}": "scheme", "{CRYPT}{CRYPT}$6$a$b": "no known format",
		"5f4dcc3b5aa765d61d8327deb882cf99": "hexadecimal digits", "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19": "billions",
		":B:abcd:5f4dcc3b5aa765d61d8327deb882cf99": "billions", "$y$jFT$saltsalt$" + strings.Repeat(".", 43): "cost", "$y$kaT$saltsalt$" + strings.Repeat(".", 43): "parameters",
		"5f4dcc3b5aa765d61d8327deb882cf99:saltsalt": "a salt beside", "saltsalt:5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8": "a salt beside",
		strings.Repeat("ab", 28): "hexadecimal digits alone", strings.Repeat("ab", 48): "hexadecimal digits alone", "X03MO1qnZdYdgyfeuILPmQ==": "base64 alone",
		"W6ph5Mm5Pz8GgiULbPgzG37mj9g=": "base64 alone", "{ldap}{SSHA}aaaa": "billions", "{ldap}{CRYPT}$1$abcdefgh$aaaaaaaaaaaaaaaaaaaaaa": "MD5-crypt",
		"$argon2d$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA": "Argon2d", "{ARGON2}$argon2d$v=19$m=8": "Argon2d", "argon2$argon2d$v=19$m=8": "Argon2d",
		"$argon2id$m=8,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA": "version 19", "$2x$04$" + strings.Repeat("a", 53): "fault", "{BLF-CRYPT}$2x$04$a": "fault",
		"$sha1$1000$abcdefgh$v.qR": "NetBSD",
	} {
		_, err := Parse(text, roomy)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
		if (errors.Is(err, ErrWeak) || errors.Is(err, ErrUnsupported)) && !strings.Contains(err.Error(), "reset the password by mail") {
			t.Errorf("%s: %v: what to do is missing", text, err)
		}
	}
}

func TestAPrehashComesBeforeTheHash(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"sha256-hex": "", "sha512-hex": "", "hmac-sha512-base64:k": "", "suffix:p": "", "prefix:s:with colons": "",
		"": "must be", "md5": "must be", "sha256-hex:key": "takes no key", "suffix:": "needs a key", "suffix": "needs a key",
		"prefix:" + strings.Repeat("secret", 99): "needs a key",
	} {
		_, err := ParsePrehash(text)
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	digest := func(p Prehash, want string) {
		if got, _ := p.apply("abc"); got != want {
			t.Errorf("%s: got %s, want %s", p.Kind, got, want)
		}
	}
	digest(Prehash{PrehashSHA256, ""}, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") // FIPS 180-4
	digest(Prehash{PrehashHMAC, "Jefe"}, base64.StdEncoding.EncodeToString(hmacOf("Jefe", "abc")))
	digest(Prehash{PrehashSuffix, "x"}, "abcx")
	digest(Prehash{PrehashPrefix, "x"}, "xabc")
}

func hmacOf(key, text string) []byte {
	mac := hmac.New(sha512.New, []byte(key))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// TestAPepperBehindByte72IsNotSeen: the hash of a long password with a pepper stays.
func TestAPepperBehindByte72IsNotSeen(t *testing.T) {
	t.Parallel()
	for password, want := range map[string]Match{
		strings.Repeat("a", 60): {OK: true, Whole: true}, strings.Repeat("a", 62): {OK: true}, strings.Repeat("a", 80): {OK: true},
	} {
		text := password + "a pepper 9"
		made, err := bcrypt.GenerateFromPassword([]byte(text[:min(72, len(text))]), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		h, err := Parse(string(made), roomy)
		if err != nil {
			t.Fatal(err)
		}
		if got := h.After(Prehash{PrehashSuffix, "a pepper 9"}).Verify(Password{password, password}); got != want {
			t.Errorf("%d bytes: got %+v, want %+v", len(password), got, want)
		}
	}
}

// TestThereAreAtMostSixTries counts the hashes that a wrong password costs.
func TestThereAreAtMostSixTries(t *testing.T) {
	t.Parallel()
	bad := " 'e\u0301' " + strings.Repeat("long", 30)
	for _, v := range vectors(t) {
		h, err := Parse(v.Hash, roomy)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []Prehash{{}, {PrehashSHA512, ""}, {PrehashSuffix, "k"}} {
			if n := h.After(p).Tries(Password{bad, norm.NFC.String(bad)}); n < 1 || n > 6 {
				t.Errorf("%s: %d tries", v.Hash, n)
			}
			if n := h.After(p).Tries(Password{"plain", "plain"}); n != 1 {
				t.Errorf("%s: %d tries for a plain password", v.Hash, n)
			}
		}
	}
}
