package authn

import "testing"

// BenchmarkNextRefreshToken measures what a refresh computes besides the access token: the
// identity of the session, the token's hash and step, and the sealed successor.
func BenchmarkNextRefreshToken(b *testing.B) {
	keys, err := newStepKeys([]keySecret{newKeySecret("current")})
	if err != nil {
		b.Fatal(err)
	}
	text := keys.mark(newRefreshToken(), 1).secret()
	b.ReportAllocs()
	for b.Loop() {
		t, ok := parseRefreshToken(text)
		if !ok {
			b.Fatal("it does not parse")
		}
		next := keys.mark(t.next(), keys.read(t)+1)
		t.sessionID()
		t.hash()
		t.seal(next, next.hash())
	}
}
