package authn

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strings"
	"testing"

	"github.com/authctl/authctl/store"
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

func TestThePadOfATokenIsAnHMAC(t *testing.T) {
	t.Parallel()
	token := newRefreshToken()
	for _, message := range []string{"", token.next().hash(), strings.Repeat("longer than any hash ", 100)} {
		standard := hmac.New(sha256.New, []byte(token.secret()))
		standard.Write([]byte("a purpose" + message))
		if got, want := token.mac("a purpose", message), standard.Sum(nil); !bytes.Equal(got[:], want) {
			t.Errorf("message of %d bytes: got %x, want %x", len(message), got, want)
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

func TestTheNewestSuccessorOpensWithTheTokensBeforeItAndNoOther(t *testing.T) {
	t.Parallel()
	chain := []refreshToken{newRefreshToken()}
	var sealed []store.Sealed
	for i := range 8 {
		chain = append(chain, chain[i].next())
		sealed = append(sealed, store.Sealed{Verifier: string(chain[i].seal(chain[i+1], chain[i+1].hash())), TokenHash: chain[i+1].hash()})
	}
	newest := chain[8]
	for i := range sealed {
		if got, ok := chain[i].open(sealed[i:]); !ok || got != newest {
			t.Errorf("the newest does not open with the token %d", i)
		}
		if _, ok := chain[i+1].open(sealed[i:]); ok {
			t.Errorf("the newest opens with a token after %d", i)
		}
		if _, ok := chain[i].open([]store.Sealed{{Verifier: sealed[i].Verifier, TokenHash: chain[i].hash()}}); ok {
			t.Error("a successor opens without its hash")
		}
	}
	if _, ok := chain[0].open([]store.Sealed{sealed[0], sealed[2]}); ok {
		t.Error("a chain with a gap opens")
	}
	if _, ok := chain[0].open([]store.Sealed{{Verifier: sealed[0].Verifier[:31], TokenHash: sealed[0].TokenHash}}); ok {
		t.Error("a short seal opens")
	}
	if _, ok := chain[0].open(nil); ok {
		t.Error("no successor opens")
	}
}

// TestATokenThatIsRotatedTwiceGivesNothingAway: a failover loses a rotation. Somebody who
// reads the database before and after must not learn how the two successors differ.
func TestATokenThatIsRotatedTwiceGivesNothingAway(t *testing.T) {
	t.Parallel()
	token := newRefreshToken()
	one, two := token.next(), token.next()
	var pads [2][verifierLength]byte
	for i, next := range []refreshToken{one, two} {
		subtle.XORBytes(pads[i][:], token.seal(next, next.hash()), next.verifier[:])
	}
	if pads[0] == pads[1] {
		t.Error("both are sealed with one pad")
	}
}

func TestASuccessorThatAReleaseBeforeSealedOpens(t *testing.T) {
	t.Parallel()
	token := newRefreshToken()
	next := token.next()
	sealed := token.unboundPad()
	subtle.XORBytes(sealed[:], sealed[:], next.verifier[:])
	if got, ok := token.open([]store.Sealed{{Verifier: string(sealed[:]), TokenHash: next.hash()}}); !ok || got != next {
		t.Error("it does not open")
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
