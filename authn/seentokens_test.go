package authn

import (
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
)

func TestSeenTokensAreBounded(t *testing.T) {
	t.Parallel()
	var s seenTokens
	s.add("first", claims{Username: "alice"})
	for i := range 3 * maxSeenTokens {
		s.add(numbered(i).String(), claims{})
		if i%1000 == 0 {
			if c, ok := s.find("first"); !ok || c.Username != "alice" {
				t.Fatalf("a token in use is forgotten after %d others", i)
			}
		}
		if n := len(s.young) + len(s.old); n > 2*maxSeenTokens {
			t.Fatalf("%d are held", n)
		}
	}
	if _, ok := s.find(numbered(1).String()); ok {
		t.Error("nothing is forgotten")
	}
}

// TestATokenThatWasSeenIsJudgedLikeAnyOther: the cache stores only that a signature is right,
// for the whole token. All other checks run again.
func TestATokenThatWasSeenIsJudgedLikeAnyOther(t *testing.T) {
	t.Parallel()
	onEvery(t, func(t *testing.T, a *accessTokens) {
		token, expires, err := a.issue(store.User{Username: "alice"}, testSession, "", issuedAt)
		if err != nil {
			t.Fatal(err)
		}
		other := testSession
		other.ID = numbered(7)
		another, _, err := a.issue(store.User{Username: "mallory"}, other, "", issuedAt)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time it is known
			if _, err := a.verify(token, issuedAt); err != nil {
				t.Fatal(err)
			}
		}
		if _, seen := a.ring.Load().active.seen.find(token); !seen {
			t.Fatal("it is not remembered")
		}
		dot := func(s string) int { return strings.LastIndexByte(s, '.') }
		for name, tt := range map[string]struct {
			token string
			at    time.Time
			code  Code
		}{
			"a second before its end":     {token, expires.Add(-time.Second), ""},
			"at its end":                  {token, expires, CodeTokenExpired},
			"long before it was issued":   {token, issuedAt.Add(-time.Hour), CodeUnauthenticated},
			"its signature under another": {another[:dot(another)] + token[dot(token):], issuedAt, CodeUnauthenticated},
			"another's signature":         {token[:dot(token)] + another[dot(another):], issuedAt, CodeUnauthenticated},
			"no signature":                {token[:dot(token)+1], issuedAt, CodeUnauthenticated},
			"one character more":          {token + "A", issuedAt, CodeUnauthenticated},
			"one character less":          {token[:len(token)-1], issuedAt, CodeUnauthenticated},
		} {
			_, err := a.verify(tt.token, tt.at)
			wantCode(t, name, err, tt.code)
		}
		issuer := a.issuer
		a.issuer = "https://elsewhere.example"
		_, err = a.verify(token, issuedAt)
		wantCode(t, "of another issuer", err, CodeUnauthenticated)
		a.issuer = issuer
		key := a.ring.Load().active.SigningKey
		key.State, key.VerifyUntil = store.KeyRetired, issuedAt.Add(time.Minute)
		a.ring.Store(newKeyring([]store.SigningKey{key}, []keySecret{newKeySecret(testSecret)}, a.ring.Load()))
		_, err = a.verify(token, issuedAt.Add(time.Minute-time.Second))
		wantCode(t, "of a retired key", err, "")
		_, err = a.verify(token, issuedAt.Add(time.Minute))
		wantCode(t, "of a key that verifies nothing any more", err, CodeUnauthenticated)
	})
}
