package authn

import (
	"testing"

	"github.com/authctl/authctl/store"
)

// BenchmarkIssueAlgorithms measures the time to issue a token, and the token's length.
func BenchmarkIssueAlgorithms(b *testing.B) {
	for _, algorithm := range Algorithms() {
		b.Run(algorithm, func(b *testing.B) {
			a := accessTokensOf(b, algorithm)
			b.ReportAllocs()
			var token string
			for b.Loop() {
				var err error
				if token, _, err = a.issue(store.User{Username: "alice"}, testSession, "", issuedAt); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(token)), "token-bytes")
		})
	}
}
