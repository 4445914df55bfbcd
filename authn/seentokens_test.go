package authn

import (
	"testing"
)

func TestSeenTokensAreBounded(t *testing.T) {
	t.Parallel()
	var s seenTokens
	s.add("first", claims{Username: "alice"})
	for i := range 3 * seenTokensMost {
		s.add(numbered(i).String(), claims{})
		if i%1000 == 0 {
			if c, ok := s.find("first"); !ok || c.Username != "alice" {
				t.Fatalf("a token in use is forgotten after %d others", i)
			}
		}
		if n := len(s.young) + len(s.old); n > 2*seenTokensMost {
			t.Fatalf("%d are held", n)
		}
	}
	if _, ok := s.find(numbered(1).String()); ok {
		t.Error("nothing is forgotten")
	}
}
