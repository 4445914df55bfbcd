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
	if err != nil || s.foreign == nil || !h.Outdated(s) {
		t.Errorf("got %+v, %v", s, err)
	}
	if _, err := foreign.Parse(spelled, 64<<10); err != nil {
		t.Error(err)
	}
}
