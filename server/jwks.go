package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/authctl/authctl/authn"
)

const jwksPath = "/.well-known/jwks.json"

// cacheable is a body that clients may cache and revalidate.
type cacheable struct{ body jsontext.Value }

// jwks returns the public keys that verify access tokens (RFC 7517).
func (s *Server) jwks(context.Context, *exchange, none) (cacheable, error) {
	body, err := json.Marshal(s.authn.Keys.Public())
	return cacheable{append(body, '\n')}, err
}

// metadataResponse has the members of OpenID Connect Discovery 1.0 and RFC 8414 that a verifier of
// access tokens needs. Verifiers such as go-oidc read the allowed algorithms from it, and allow
// only RS256 if it lists none.
type metadataResponse struct {
	Issuer     string   `json:"issuer"`
	JWKSURI    string   `json:"jwks_uri"`
	Algorithms []string `json:"id_token_signing_alg_values_supported"`
}

// metadata tells verifiers the URL of the keys. The URL comes from the configuration, because a
// client can put anything in the Host header.
func (s *Server) metadata(context.Context, *exchange, none) (cacheable, error) {
	if s.publicURL == "" {
		return cacheable{}, errNoPublicURL
	}
	body, err := json.Marshal(metadataResponse{
		Issuer:     s.authn.Issuer(),
		JWKSURI:    strings.TrimSuffix(s.publicURL, "/") + jwksPath,
		Algorithms: s.authn.Keys.Algorithms(),
	})
	return cacheable{append(body, '\n')}, err
}

// answerCacheable writes the headers of a cacheable body, and reports whether the client's cached
// copy is current.
func answerCacheable(x *exchange, c cacheable) (known bool) {
	sum := sha256.Sum256(c.body)
	tag := `"` + hex.EncodeToString(sum[:16]) + `"`
	h := x.Header()
	h.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(authn.JWKSMaxAge.Seconds())))
	h.Set("ETag", tag)
	for _, value := range x.request.Header["If-None-Match"] {
		for candidate := range strings.SplitSeq(value, ",") {
			if candidate = strings.TrimSpace(candidate); candidate == "*" || strings.TrimPrefix(candidate, "W/") == tag {
				return true
			}
		}
	}
	return false
}
