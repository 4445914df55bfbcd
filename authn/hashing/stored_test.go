package hashing

import (
	"testing"

	"github.com/authctl/authctl/authn/hashing/foreign"
)

func TestAHashOfArgon2InAnotherSpellingIsForeign(t *testing.T) {
	t.Parallel()
	h := newTestHasher(t, nil)
	const spelled = "$argon2id$v=19$t=1,m=64,p=1$c29tZXNhbHQwMTIzNDU2Nw$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApjArZlZPZGRPPc"
	s, err := h.Parse(spelled)
	if err != nil || s.foreign == nil || !h.Outdated(s, Match{OK: true, Whole: true}) {
		t.Errorf("got %+v, %v", s, err)
	}
	if _, err := foreign.Parse(spelled, 64<<10); err != nil {
		t.Error(err)
	}
}

// TestAWrongPasswordCostsAsManyHashesAsNoAccount measures them by their allocations, for a password that is
// compared in one form and in two.
func TestAWrongPasswordCostsAsManyHashesAsNoAccount(t *testing.T) {
	h := newTestHasher(t, func(c *Config) { c.Portable = true })
	phc, err := h.Hash(t.Context(), "correct horse")
	if err != nil {
		t.Fatal(err)
	}
	stored := Stored{own: mustParse(t, phc)}
	barred := Stored{own: stored.own, Barred: true}
	one, two := both("wrong"), Password{Typed: "e\u0301", NFC: "\u00e9"}
	for name, check := range map[string]func(Password){
		"wrong":  func(p Password) { _, _ = h.belongsOwn(p, stored) },
		"nobody": func(p Password) { _ = h.waste(p) },
		"barred": func(p Password) { _, _ = h.belongsOwn(p, barred) },
	} {
		single := testing.AllocsPerRun(3, func() { check(one) })
		if double := testing.AllocsPerRun(3, func() { check(two) }); double < 1.5*single || double > 2.5*single || single < 2 {
			t.Errorf("%s: one form allocates %v times, two %v times", name, single, double)
		}
	}
}
