package authn

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The max lengths of a user's claims.
const (
	maxClaims    = 2048 // bytes of the JSON object in its shortest form
	maxClaimName = 128  // bytes
)

// claimsOf returns the members of a JSON object of claims; "" has none.
func claimsOf(object string) (map[string]jsontext.Value, error) {
	claims := map[string]jsontext.Value{}
	if object == "" {
		return claims, nil
	}
	if err := json.Unmarshal([]byte(object), &claims); err != nil || claims == nil {
		return nil, refuse(CodeInvalidRequest, "the claims are not a JSON object, or have a name twice")
	}
	return claims, nil
}

// joinClaims returns claims in the form of [store.Rights].
func joinClaims(claims map[string]jsontext.Value) (string, error) {
	if len(claims) == 0 {
		return "", nil
	}
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if err := checkClaim(name, claims[name]); err != nil {
			return "", err
		}
	}
	object, err := json.Marshal(claims)
	if err == nil {
		err = (*jsontext.Value)(&object).Format(jsontext.ReorderRawObjects(true))
	}
	if err != nil {
		return "", refuse(CodeInvalidRequest, "the claims are not valid JSON")
	}
	if len(object) > maxClaims {
		return "", refuse(CodeInvalidRequest, fmt.Sprintf("the claims would have %d bytes of JSON, and may have %d", len(object), maxClaims))
	}
	return string(object), nil
}

// checkClaim checks one claim. A name of the token itself is refused, because programs that merge
// the claims with the token's own would take one for the other.
func checkClaim(name string, value jsontext.Value) error {
	switch {
	case name == "" || len(name) > maxClaimName || strings.ContainsFunc(name, unicode.IsControl):
		return refuse(CodeInvalidRequest, fmt.Sprintf("%q cannot be the name of a claim: it has 1 to %d bytes, and no control characters", truncate(name, maxClaimName), maxClaimName))
	case slices.Contains(ownClaims(), name):
		return refuse(CodeInvalidRequest, fmt.Sprintf("a claim cannot be called %q: the access token itself has, or may have, a claim of this name", name))
	}
	for from := jsontext.NewDecoder(strings.NewReader(string(value))); ; {
		token, err := from.ReadToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return refuse(CodeInvalidRequest, fmt.Sprintf("the value of the claim %q is not valid JSON, or has a name twice", name))
		}
		if token.Kind() != '0' {
			continue
		}
		if _, err := strconv.ParseFloat(token.String(), 64); err != nil {
			return refuse(CodeInvalidRequest, fmt.Sprintf("the claim %q has a number that many programs cannot read: write it in quotes, as a text", name))
		}
	}
}

// ownClaims returns the names that a claim cannot have: those of the access token, and those that
// RFC 7519, RFC 9068, RFC 8693 and OpenID Connect define for tokens of a sign-in.
func ownClaims() []string {
	return []string{
		"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "client_id", "user_id", "username", "sid", "gen", "rgen", "roles", "claims",
		"scope", "auth_time", "acr", "amr", "azp", "act", "may_act", "cnf", "nonce", "at_hash", "typ",
	}
}
