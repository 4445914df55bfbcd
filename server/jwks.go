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

// The documents for verifiers of access tokens.
const (
	jwksPath          = "/.well-known/jwks.json"
	openIDPath        = "/.well-known/openid-configuration"       // OpenID Connect Discovery 1.0, section 4
	authorizationPath = "/.well-known/oauth-authorization-server" // RFC 8414, section 3
)

// cacheable is a body that clients may cache and revalidate.
type cacheable struct{ body jsontext.Value }

// jwks returns the public keys that verify access tokens (RFC 7517).
func (s *Server) jwks(context.Context, *exchange, none) (cacheable, error) {
	body, err := json.Marshal(s.authn.Keys.Public())
	return cacheable{append(body, '\n')}, err
}

// metadataResponse has the members of OpenID Connect Discovery 1.0 (section 3) and RFC 8414
// (section 2) that are true here. Verifiers such as go-oidc read the allowed algorithms from it, and
// allow only RS256 if it lists none. Parsers of Java insist on the subject types. There is no
// response_types_supported, because a list without elements must be omitted (Discovery, section
// 4.2), and no endpoint that does not exist.
type metadataResponse struct {
	Issuer       string   `json:"issuer"`
	JWKSURI      string   `json:"jwks_uri"`
	Algorithms   []string `json:"id_token_signing_alg_values_supported"`
	SubjectTypes []string `json:"subject_types_supported"`
	Token        string   `json:"token_endpoint"`
	GrantTypes   []string `json:"grant_types_supported"`
	ClientAuth   []string `json:"token_endpoint_auth_methods_supported"`
}

// What /token takes.
var (
	grantTypes  = []string{"client_credentials"}
	clientProof = []string{"client_secret_basic", "client_secret_post"}
)

// everyClient says that a user's sub is the same for every client.
var everyClient = []string{"public"}

// metadata tells verifiers the URL of the keys. It is the same document at both paths. The URL comes from the configuration, because a
// client can put anything in the Host header.
func (s *Server) metadata(context.Context, *exchange, none) (cacheable, error) {
	if s.publicURL == "" {
		return cacheable{}, errNoPublicURL
	}
	body, err := json.Marshal(metadataResponse{
		Issuer:       s.authn.Issuer(),
		JWKSURI:      strings.TrimSuffix(s.publicURL, "/") + jwksPath,
		Algorithms:   s.authn.Keys.Algorithms(),
		SubjectTypes: everyClient,
		Token:        strings.TrimSuffix(s.publicURL, "/") + tokenPath,
		GrantTypes:   grantTypes,
		ClientAuth:   clientProof,
	})
	return cacheable{append(body, '\n')}, err
}

// answerCacheable writes the headers of a cacheable body, and reports whether the client's cached
// copy is current.
func answerCacheable(x *exchange, c cacheable) (known bool) {
	tag := entityTag(c.body)
	h := x.Header()
	h.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(authn.JWKSMaxAge.Seconds())))
	h.Set("ETag", tag)
	return x.knows(tag)
}

// entityTag returns the strong entity tag of a body.
func entityTag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + hex.EncodeToString(sum[:16]) + `"`
}

// knows reports whether the client has a copy with an entity tag (RFC 9110, section 13.1.2).
func (x *exchange) knows(tag string) bool {
	for _, value := range x.request.Header["If-None-Match"] {
		for candidate := range strings.SplitSeq(value, ",") {
			if candidate = strings.TrimSpace(candidate); candidate == "*" || strings.TrimPrefix(candidate, "W/") == tag {
				return true
			}
		}
	}
	return false
}
