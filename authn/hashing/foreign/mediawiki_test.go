package foreign

import (
	"errors"
	"strings"
	"testing"
)

// TestLayersAndEncodingsAreHeldToTheirShape: what is not exactly what the program writes is refused before it is
// computed.
func TestLayersAndEncodingsAreHeldToTheirShape(t *testing.T) {
	t.Parallel()
	const salt = "AwQFBgcICQoLDA0ODxAREg=="
	tag, phpassTail := strings.Repeat("A", 86)+"==", strings.Repeat("a", 30)
	for text, want := range map[string]error{
		":pbkdf2-legacyA:!sha512:1000:64!!" + salt + "!" + tag:                                                nil,
		":pbkdf2-legacyB:!sha512:1000:64!abcd1234!" + salt + "!" + tag:                                        nil,
		":pbkdf2-legacyB:!sha512:1000:64!!" + salt + "!" + tag:                                                ErrCorrupt, // B has a salt
		":pbkdf2-legacyA:x!sha512:1000:64!!" + salt + "!" + tag:                                               ErrCorrupt,
		":pbkdf2-legacyA:!sha512:1000:64!" + salt + "!" + tag:                                                 ErrCorrupt,
		":pbkdf2-legacyA:!sha512:1000:64!!" + salt + "!" + tag + "!":                                          ErrCorrupt,
		":pbkdf2-legacyA:!sha512:1000:64!!" + salt + ":" + tag + "!":                                          ErrCorrupt,
		":pbkdf2-legacyA:!sha512:1000!!64:" + salt + "!" + tag:                                                ErrCorrupt,
		":pbkdf2-legacyA:!sha512:0:64!!" + salt + "!" + tag:                                                   ErrBounds,
		":pbkdf2-legacyA:!sha512:10000001:64!!" + salt + "!" + tag:                                            ErrBounds,
		":pbkdf2-legacyA:!md5:1000:64!!" + salt + "!" + tag:                                                   ErrUnknown,
		":pbkdf2-legacyB:!sha512:1000:64!" + strings.Repeat("a", maxMediaWikiSalt+1) + "!" + salt + "!" + tag: ErrCorrupt,
		":pbkdf2-legacyC:!sha512:1000:64!abcd1234!" + salt + "!" + tag:                                        ErrUnknown,

		"U$P$5" + phpassTail: nil, "U$H$5" + phpassTail: nil, "U$S$5" + phpassTail + strings.Repeat("a", 21): nil,
		"U$P$J" + phpassTail: ErrBounds, "U$S$J" + phpassTail + strings.Repeat("a", 21): ErrBounds, "U$S$5" + phpassTail: ErrCorrupt,
		"UU$P$5" + phpassTail: ErrUnknown, "U$1$abcdefgh$aaaaaaaaaaaaaaaaaaaaaa": ErrUnknown, "U$": ErrUnknown,

		"{PBKDF2.HEX}2431": ErrCorrupt, "{PBKDF2.HEX}243": ErrCorrupt, "{PBKDF2.HEX}xy": ErrCorrupt, "{PBKDF2.B64}JDE$": ErrCorrupt,
		"{PBKDF2.ROT13}aaaa": ErrUnknown, "{PBKDF2.HEX.HEX}aaaa": ErrUnknown, "{WHAT.HEX}aaaa": ErrUnknown,
		"{SSHA512.B64}aaaa": ErrWeak, "{CRYPT.HEX}" + "61624a6e6767786842 2f795749": ErrCorrupt, "{CRYPT.HEX}61624a6e67677868422f795749": ErrWeak,
		"{CRYPT.HEX}7b43525950547d2436246124": ErrUnknown, // {CRYPT}$6$a$
		"{PLAIN.HEX}61":                       ErrWeak,

		"k3x9v0q2m7b5z1la:" + strings.Repeat("ab", 64): nil,
		"k3x9v0q2m7b5z1l:" + strings.Repeat("ab", 64):  ErrUnknown, "k3x9v0q2m7b5z1l/:" + strings.Repeat("ab", 64): ErrUnknown,
		"k3x9v0q2m7b5z1la:" + strings.Repeat("ab", 63): ErrUnknown, "k3x9v0q2m7b5z1la:" + strings.Repeat("xy", 64): ErrUnknown,
	} {
		if _, err := Parse(text, roomy); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", text, err, want)
		}
	}
}

// TestHashesOfLuciasBetaVersionsVerify: their salts tell them from those of Lucia 3, whose r is 16.
func TestHashesOfLuciasBetaVersionsVerify(t *testing.T) {
	t.Parallel()
	const hash = "k3x9v0q2m7b5z1la:f0640165a6d0a7e049a54f138b872af566e54ea5be42f2aefbeb208972438797946729a7ea9499aae14c7b29ccb37622adbc57bacf90ea977c4ef4371e8d3725"
	h, err := Parse(hash, roomy)
	if err != nil || h.Settings() != "ln=14,r=8,p=1" || !fits(h, "correct horse battery staple") || fits(h, "correct horse battery stable") {
		t.Errorf("%s: %v", h.Settings(), err)
	}
}
