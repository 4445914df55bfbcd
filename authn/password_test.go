package authn

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestPasswordsAreHeldToLengthAndBlocklistAndNothingElse(t *testing.T) {
	t.Parallel()
	policy := passwordPolicy{min: 8, blocklist: EmbeddedBlocklist()}
	accepted := map[string]string{
		"lower case only":              "plumbagotrellis",
		"eight emoji":                  "🦊🌵🎻🪐🧊🍄🪁🧭",
		"spaces around":                "  two words  ",
		"eight code points":            "xk7qmv2w",
		"256 code points":              strings.Repeat("long pass ", 25) + "phrase",
		"a listed word inside":         "mypassword1isfine",
		"twenty digits":                "83920174650192837465",
		"a compatibility ligature":     "ﬁne weather today",
		"the name within a passphrase": "jonathan.smith likes rain",
		"two letters and digits":       "zz9182736450",
		"a common one at the end":      "plumbago password",
		"digits as letters elsewhere":  "tr3ll1s of plumb@go",
		"a common one, a longer tail":  "password8392-1748-2938",
	}
	for what, password := range accepted {
		if _, _, err := policy.check(password, "jonathan.smith"); err != nil {
			t.Errorf("%s: got %v, want it accepted", what, err)
		}
	}
	refused := map[string]string{
		"seven code points":        "xk7qmv2",
		"seven emoji":              "🦊🌵🎻🪐🧊🍄🪁",
		"257 code points":          strings.Repeat("long pass ", 25) + "phrases",
		"a common one":             "password1",
		"a common one in capitals": "PASSWORD1",
		"a common one with a year": "Password2026!",
		"one with blanks":          "sunshine 1 ! ",
		"one in other letters":     "P@$$w0rd",
		"both":                     "pa55w0rd!2026",
		"one whose 1 is an i":      "5unsh1ne",
		"one character and a tail": "aaaaaa2026!",
		"a short piece and a tail": "abcabcabc 12!",
		"a sequence and a tail":    "abcdefgh2026",
		"the username":             "jonathan.smith",
		"the username decorated":   "Jonathan.Smith!!",
		"the service":              "authctl123",
		"the service twice":        "authctlauthctl1",
		"a common one twice":       "passwordpassword",
		"one character":            "zzzzzzzzzz",
		"a short piece":            "xy7xy7xy7",
		"a sequence":               "defghijkl",
		"a sequence down":          "987654321",
		"NUL":                      "correct\x00horse",
		"replacement character":    "correct\ufffdhorse",
		"invalid UTF-8":            "correct\xffhorse",
	}
	for what, password := range refused {
		if _, _, err := policy.check(password, "jonathan.smith"); CodeOf(err) != CodeWeakPassword {
			t.Errorf("%s: got %v, want %s", what, err, CodeWeakPassword)
		}
	}
}

func TestAPasswordIsNotTheAddressOrThePartBeforeTheAt(t *testing.T) {
	t.Parallel()
	policy := passwordPolicy{min: 8}
	names := namesOf("jonathan", "Dr.Smith@xn--bcher-kva.example")
	for _, password := range []string{
		"jonathan2026", "dr.smith", "Dr.Smith!!", "dr.smith2026", "DR.SMITH@xn--bcher-kva.EXAMPLE", "dr.smith@bücher.example", "Dr.Smith@Bücher.Example 1",
		"dr.smithdr.smith",
	} {
		if _, _, err := policy.check(password, names...); CodeOf(err) != CodeWeakPassword {
			t.Errorf("%s: got %v, want %s", password, err, CodeWeakPassword)
		}
	}
	for _, password := range []string{"dr.smith likes rain", "smith@bücher.example", "@bücher.example"} {
		if _, _, err := policy.check(password, names...); err != nil {
			t.Errorf("%s: got %v, want it accepted", password, err)
		}
	}
	if _, _, err := policy.check("a passphrase", namesOf("jonathan", "no address")...); err != nil {
		t.Error(err)
	}
}

func TestEveryWayToSetAPasswordComparesItWithTheAddress(t *testing.T) {
	t.Parallel()
	onBoth(t, mailing, func(t *testing.T, f *fixture) {
		const address = "alice.in.wonderland@example.com"
		account := NewAccount{Account: Account{Username: "bob", Password: goodPassword, Email: address}, Verified: true}
		if _, err := f.CreateUser(f.ctx, visitor, account); err != nil {
			t.Fatal(err)
		}
		g := f.signIn(t, "bob")
		who := f.who(t, g)
		token, _, _, err := f.IssueReset(f.ctx, visitor, "bob")
		if err != nil {
			t.Fatal(err)
		}
		for _, weak := range []string{address, "Alice.in.Wonderland2026"} {
			another := Account{Username: "carl", Password: weak, Email: address}
			for way, err := range map[string]error{
				"register": errorOf(f.Register(f.ctx, visitor, another)),
				"create":   errorOf(f.CreateUser(f.ctx, visitor, NewAccount{Account: another})),
				"set":      errorOf(f.SetPassword(f.ctx, visitor, "bob", weak)),
				"change":   errorOf(f.ChangePassword(f.ctx, visitor, who, []string{g.RefreshToken}, goodPassword, weak)),
				"reset":    errorOf(f.ResetPassword(f.ctx, visitor, token, weak)),
			} {
				wantCode(t, way+" "+weak, err, CodeWeakPassword)
			}
		}
		if _, err := f.ResetPassword(f.ctx, visitor, token, nextPassword); err != nil {
			t.Errorf("with another password: %v", err)
		}
	})
}

func TestPasswordsAreNormalizedToNFCAndNoFurther(t *testing.T) {
	t.Parallel()
	composed, ok1 := normalizePassword("caf\u00e9 au lait")
	decomposed, ok2 := normalizePassword("cafe\u0301 au lait")
	if !ok1 || !ok2 || composed != decomposed {
		t.Errorf("got %q and %q, want one form", composed, decomposed)
	}
	for _, twin := range [][2]string{{"ﬁne", "fine"}, {"①", "1"}, {" x", "x"}, {"Ab", "ab"}} {
		a, _ := normalizePassword(twin[0])
		b, _ := normalizePassword(twin[1])
		if a == b {
			t.Errorf("%q and %q became one password", twin[0], twin[1])
		}
	}
}

func TestBlocklistInDevelopmentOnlyWarns(t *testing.T) {
	t.Parallel()
	policy := passwordPolicy{min: 8, blocklist: EmbeddedBlocklist(), warns: true}
	_, warning, err := policy.check("password1", "alice")
	if err != nil || warning == "" {
		t.Errorf("got %q, %v; want a warning", warning, err)
	}
	if _, _, err := policy.check("short", "alice"); CodeOf(err) != CodeWeakPassword {
		t.Errorf("got %v, want %s: length is no matter of warning", err, CodeWeakPassword)
	}
}

func TestEmbeddedBlocklistIsLargeAndEveryEntryPassesTheLengthRule(t *testing.T) {
	t.Parallel()
	b := EmbeddedBlocklist()
	if b.Len() < 10_000 {
		t.Errorf("got %d entries, want at least 10,000", b.Len())
	}
	for i := range b.Len() {
		password := b.passwords().at(i)
		if n := len([]rune(password)); n < 8 || n > MaxPassword {
			t.Errorf("%q can never be chosen", password)
		}
		if !b.Contains(password) {
			t.Errorf("%q is not found", password)
		}
	}
}

func TestBlocklistOfOnesOwnIsReadByLines(t *testing.T) {
	t.Parallel()
	b, err := ReadBlocklist(strings.NewReader("Company2026\r\n\n# not a comment\nCafe\u0301 noir\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, lower := range []string{"company2026", "# not a comment", "caf\u00e9 noir"} {
		if !b.Contains(lower) {
			t.Errorf("%q is missing", lower)
		}
	}
	p := passwordPolicy{min: 8, blocklist: b}
	if _, _, err := p.check("Company2026!", "alice"); CodeOf(err) != CodeWeakPassword {
		t.Errorf("got %v, want a listed password with a tail refused", err)
	}
	listed, err := ReadBlocklist(strings.NewReader("123"))
	if err != nil {
		t.Fatal(err)
	}
	short := passwordPolicy{min: 8, blocklist: listed}
	if _, _, err := short.check("12384719", "alice"); err != nil {
		t.Errorf("got %v, want a short listed word to refuse no long password", err)
	}
	if b.Len() != 3 {
		t.Errorf("got %d entries, want 3", b.Len())
	}
	if _, err := ReadBlocklist(strings.NewReader("ok\n\xff\n")); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v, want an error that names line 2", err)
	}
}

func TestABlocklistContainsItsLinesOnceAndNothingElse(t *testing.T) {
	t.Parallel()
	words := []string{"b", "ab", "a", "abc", "b", "bc", "", "c"}
	b, err := ReadBlocklist(strings.NewReader(strings.Join(words, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := b.Len(), 6; got != want {
		t.Errorf("got %d entries, want %d", got, want)
	}
	for _, word := range []string{"", "a", "b", "c", "d", "aa", "ab", "ac", "ba", "bb", "bc", "abc", "bca", "abbc", "`"} {
		if got, want := b.Contains(word), word != "" && slices.Contains(words, word); got != want {
			t.Errorf("%q: got %t, want %t", word, got, want)
		}
	}
	empty, err := ReadBlocklist(strings.NewReader("\n"))
	if err != nil || empty.Len() != 0 || empty.Contains("") || empty.Contains("a") {
		t.Errorf("an empty list: %d entries, %v", empty.Len(), err)
	}
}

func TestSecretsThatAreNoSecretsAreRefused(t *testing.T) {
	t.Parallel()
	for _, encode := range []func([]byte) string{hex.EncodeToString, base64.StdEncoding.EncodeToString} {
		for range 10_000 {
			random := make([]byte, 32)
			rand.Read(random)
			if err := CheckSecret(encode(random)); err != nil {
				t.Errorf("a random secret is refused: %v", err)
			}
		}
	}
	for _, secret := range []string{
		"", "secret", testSecret[:31], strings.Repeat("a", 64), strings.Repeat("ab", 32),
		"your-64-byte-hex-secret-key-here-exactly-64-characters-long...",
		"changeme-changeme-changeme-changeme", "CHANGEME0123456789abcdef0123456789abcdef",
		"a-string-secret-at-least-256-bits-long", "my-256-bit-key-of-at-least-256-bits-long",
		"0123456789abcdef0123456789abcdef", "12345678901234567890123456789012", "abcdefghijklmnopqrstuvwxyz-and-so-on",
		"no-one-knows-it-no-one-knows-it-no-one", "insecure-development-key-do-not-use",
	} {
		err := CheckSecret(secret)
		if err == nil {
			t.Errorf("%q: accepted", secret)
		} else if len(secret) > 8 && strings.Contains(err.Error(), secret) {
			t.Errorf("the error repeats the secret: %v", err)
		}
	}
}

// FuzzNormalizePassword: every spelling of a password is hashed as one, and it is no longer
// than allowed.
func FuzzNormalizePassword(f *testing.F) {
	for _, s := range []string{"caf\u00e9", "cafe\u0301", "\u1100\u1161\u11a8", "e" + strings.Repeat("\u0301", 300), "\ufb01ne", "a\x00b", "a\ufffdb", "a\xffb", strings.Repeat("🦊", 257), "\u0344", "\ufb2c", "\u1e9b\u0323"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		nfc, ok := normalizePassword(typed)
		if !ok {
			return
		}
		if !utf8.ValidString(typed) || strings.ContainsAny(typed, "\x00\ufffd") || utf8.RuneCountInString(nfc) > MaxPassword || len(nfc) > MaxPassword*utf8.UTFMax {
			t.Errorf("%q is taken as %q", typed, nfc)
		}
		if again, ok := normalizePassword(nfc); !ok || again != nfc {
			t.Errorf("%q becomes %q, which becomes %q, %t", typed, nfc, again, ok)
		}
		decomposed := norm.NFD.String(typed)
		if strings.ContainsRune(decomposed, '\u034f') { // more marks on one letter than there are in any language
			return
		}
		if spelled, ok := normalizePassword(decomposed); ok && spelled != nfc {
			t.Errorf("%q becomes %q, and decomposed %q", typed, nfc, spelled)
		}
	})
}
