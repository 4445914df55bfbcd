package authn

import (
	"fmt"
	"strings"
	"testing"
)

func TestRefreshTokenHasOneSpelling(t *testing.T) {
	t.Parallel()
	secret := newRefreshToken().secret()
	if len(secret) != tokenLength {
		t.Fatalf("got %d characters, want %d", len(secret), tokenLength)
	}
	if got, ok := parseRefreshToken(secret); !ok || got.secret() != secret {
		t.Errorf("the token does not survive parsing")
	}
	for name, s := range map[string]string{
		"empty":            "",
		"truncated":        secret[:63],
		"extended":         secret + "A",
		"padded":           secret + "=",
		"wrapped in space": " " + secret[:62] + " ",
		"broken by a line": secret[:31] + "\n" + secret[32:],
		"standard base64":  "+" + secret[1:],
		"NUL":              secret[:63] + "\x00",
		"ten thousand":     strings.Repeat("A", 10_000),
	} {
		if _, ok := parseRefreshToken(s); ok {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestSessionIDStaysAcrossRotationsAndIsAVersion8UUID(t *testing.T) {
	t.Parallel()
	first := newRefreshToken()
	second := first.next()
	if first.sessionID() != second.sessionID() {
		t.Errorf("got %s, want %s", second.sessionID(), first.sessionID())
	}
	if first.hash() == second.hash() {
		t.Error("two tokens of a session have one hash")
	}
	if v := first.sessionID().Version(); v != 8 {
		t.Errorf("got version %d, want 8", v)
	}
	if first.sessionID() == newRefreshToken().sessionID() {
		t.Error("two sessions have one id")
	}
}

func TestSuccessorOpensUnderTheTokenThatSealedItAndNoOther(t *testing.T) {
	t.Parallel()
	old := newRefreshToken()
	next := old.next()
	sealed := old.seal(next)
	if got, ok := old.open(sealed, next.hash()); !ok || got != next {
		t.Error("the successor does not open")
	}
	if _, ok := next.open(sealed, next.hash()); ok {
		t.Error("the successor opens under another token")
	}
	if _, ok := old.open(sealed, old.hash()); ok {
		t.Error("the successor opens without its hash")
	}
	if _, ok := old.open(sealed[:31], next.hash()); ok {
		t.Error("a short seal opens")
	}
}

func TestRefreshTokensDoNotPrint(t *testing.T) {
	t.Parallel()
	token := newRefreshToken()
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(format, token); got != "[redacted]" {
			t.Errorf("%s: got %s", format, got)
		}
	}
}

func FuzzParseRefreshToken(f *testing.F) {
	f.Add(newRefreshToken().secret())
	f.Add(strings.Repeat("A", 64))
	f.Add(strings.Repeat("=", 64))
	f.Fuzz(func(t *testing.T, s string) {
		if token, ok := parseRefreshToken(s); ok && token.secret() != s {
			t.Errorf("got %q, want %q", token.secret(), s)
		}
	})
}
