package authn

import (
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
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

// TestTheAudienceIsTheIssuerUnlessAnotherIsSet also holds what other servers of a rolling change
// issue: of the release before, which had no default, and of the other setting.
func TestTheAudienceIsTheIssuerUnlessAnotherIsSet(t *testing.T) {
	t.Parallel()
	const issuer = "https://login.example.test"
	of := func(audience string) *accessTokens {
		return newAccessTokens([]keySecret{newKeySecret(testSecret)}, issuer, audience, 15*time.Minute)
	}
	for configured, want := range map[string]struct {
		issued  string // the claim as written
		accepts []string
		refuses []string
	}{
		"":           {`"aud":"` + issuer + `"`, []string{"", AudienceNone}, []string{"shop"}},
		AudienceNone: {`"username"`, []string{"", AudienceNone}, []string{"shop"}},
		"shop":       {`"aud":"shop"`, []string{"shop"}, []string{"", AudienceNone, "Shop"}},
	} {
		a := of(configured)
		token, _, err := a.issue(store.User{Username: "alice"}, testSession, "", issuedAt)
		if err != nil {
			t.Fatal(err)
		}
		payload := string(decode(t, strings.Split(token, ".")[1]))
		if !strings.Contains(payload, want.issued) || strings.Contains(payload, "aud") != (configured != AudienceNone) {
			t.Errorf("audience %q: got %s", configured, payload)
		}
		for good, others := range map[bool][]string{true: want.accepts, false: want.refuses} {
			for _, other := range others {
				token, _, err := of(other).issue(store.User{Username: "alice"}, testSession, "", issuedAt)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := a.verify(token, issuedAt); (err == nil) != good {
					t.Errorf("audience %q, a token of %q: got %v, want it accepted: %t", configured, other, err, good)
				}
			}
		}
	}
}

// TestTokensOfEachTypeAreAcceptedWhateverTheConfiguredOne: servers may change jwt.typ one by one.
func TestTokensOfEachTypeAreAcceptedWhateverTheConfiguredOne(t *testing.T) {
	t.Parallel()
	onEvery(t, func(t *testing.T, a *accessTokens) {
		for typ, name := range typeNames {
			a.typ = tokenType(typ)
			token, _, err := a.issue(store.User{Username: "alice"}, testSession, "", issuedAt)
			if err != nil {
				t.Fatal(err)
			}
			a.typ = 0
			if _, err := a.verify(token, issuedAt); err != nil {
				t.Errorf("typ %s: %v", name, err)
			}
			header := string(decode(t, strings.Split(token, ".")[0]))
			if !strings.HasSuffix(header, `,"typ":"`+name+`"}`) {
				t.Errorf("got the header %s, want the typ %s", header, name)
			}
		}
	})
	for name, good := range map[string]bool{"": true, TypeAccessToken: true, TypeJWT: true, "jwt": false, "none": false} {
		cfg := testConfig()
		cfg.TokenType = name
		if _, err := New(cfg, nil); (err == nil) != good {
			t.Errorf("typ %q: got %v", name, err)
		}
	}
}
