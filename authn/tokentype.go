package authn

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
)

// The types of access tokens: the typ of their header.
const (
	TypeAccessToken = "at+jwt" // RFC 9068, section 2.1
	TypeJWT         = "JWT"    // RFC 7519, section 5.1; for verifiers that refuse the former
)

// tokenType is the index of a type in [typeNames]. New tokens have the configured type. Tokens of
// every type are accepted, so that servers can change the type one by one.
type tokenType int

const tokenTypes = 2

var typeNames = [tokenTypes]string{TypeAccessToken, TypeJWT}

// CheckTokenType returns an error, with text for a person, unless name is a type of access tokens.
func CheckTokenType(name string) error {
	if !slices.Contains(typeNames[:], name) {
		return fmt.Errorf("must be %s, not %q", strings.Join(typeNames[:], " or "), name)
	}
	return nil
}

// tokenHeaders returns the encoded header of each type, with the dot, of the tokens of a key.
func tokenHeaders(algorithm, id string) (headers [tokenTypes]string) {
	for i, typ := range typeNames {
		header := fmt.Sprintf(`{"alg":%q,"kid":%q,"typ":%q}`, algorithm, id, typ)
		headers[i] = base64.RawURLEncoding.EncodeToString([]byte(header)) + "."
	}
	return headers
}

// isHeader reports whether a header is that of a key's tokens.
func isHeader(header, algorithm, id string) bool {
	headers := tokenHeaders(algorithm, id)
	return slices.Contains(headers[:], header)
}
