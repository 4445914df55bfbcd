package authn

import (
	"strings"
	"testing"
	"time"
)

// TestIssuerAndAudienceMustBeTheConfiguredOnes signs tokens for another issuer or audience
// with the right key.
func TestIssuerAndAudienceMustBeTheConfiguredOnes(t *testing.T) {
	t.Parallel()
	a := newAccessTokens([]keySecret{newKeySecret(testSecret)}, "https://login.example.test", "shop", 15*time.Minute)
	key := a.ring.Load().active
	header := `{"alg":"HS256","kid":"` + key.ID + `","typ":"at+jwt"}`
	const iss, aud = `"iss":"https://login.example.test"`, `"aud":"shop"`
	payload := `{` + iss + `,` + aud + `,"sub":"11111111-2222-4333-8444-555555555555","user_id":"11111111-2222-4333-8444-555555555555","username":"alice",` +
		`"sid":"0b1c2d3e-4f50-8a61-b273-8495a6b7c8d9","gen":[3,7],"iat":1795435200,"exp":1795436100}`
	if _, err := a.verify(signWith(t, header, payload, key.method, key.private), issuedAt); err != nil {
		t.Fatalf("the honest token is refused: %v", err)
	}
	for was, others := range map[string][]string{
		iss: {`"iss":"https://login.example.test/"`, `"iss":"HTTPS://login.example.test"`, `"iss":""`, `"iss":null`, `"iss":["https://login.example.test"]`, `"x":1`},
		aud: {`"aud":"Shop"`, `"aud":"shop "`, `"aud":""`, `"aud":null`, `"aud":7`, `"aud":[]`, `"aud":["shop"]`, `"aud":["other","shop"]`, `"aud":{"0":"shop"}`, `"aud":"shop","aud":"shop"`, `"AUD":"shop"`},
	} {
		for _, other := range append(others, "") {
			changed := strings.Replace(payload, was, other, 1)
			if other == "" {
				changed = strings.Replace(payload, was+",", "", 1)
			}
			if got, err := a.verify(signWith(t, header, changed, key.method, key.private), issuedAt); CodeOf(err) != CodeUnauthenticated {
				t.Errorf("%q in place of %s: got %+v, %v", other, was, got, err)
			}
		}
	}
}
