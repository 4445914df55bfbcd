package authn

import (
	"crypto/ed25519"
	"encoding/base64"

	"github.com/go-json-experiment/json"

	"github.com/authctl/authctl/store"
)

// envelopeOf returns the max length of the header and the signature of a token, encoded, with the
// dots. Of the algorithms with short signatures it does not matter which one signs.
func envelopeOf(algorithm string) int {
	const thumbprint = "0123456789012345678901234567890123456789012" // a kid (RFC 7638)
	signature := ed25519.SignatureSize
	if algorithm == AlgorithmRS256 {
		signature = rsaBits / 8
	}
	return len(tokenHeaders(AlgorithmEdDSA, thumbprint)[0]) + 1 + base64.RawURLEncoding.EncodedLen(signature)
}

// length returns the max length, in bytes, of a token of a holder with these rights, whether or not
// tokens carry rights. clientID is the application that a person may ask with, "" for none.
func (a *accessTokens) length(h holder, clientID string, r store.Rights) int {
	const counter, instant, id = 1<<53 - 1, 1<<33 - 1, "00000000-0000-0000-0000-000000000000"
	if len(clientID) < len(a.clientID) {
		clientID = a.clientID
	}
	content := claims{
		ClientID: clientID, Issuer: a.issuer, Audience: a.audiences[0], Subject: id, UserID: id, Username: h.username, SessionID: id,
		SignedIn: instant, Generation: [2]int64{counter, counter}, IssuedAt: instant, ExpiresAt: instant,
		Roles: roleList(r.Roles), Custom: userInfo(r.Claims), Rights: counter,
	}
	if h.client != "" {
		content.ClientID, content.UserID, content.SessionID, content.SignedIn = h.client, "", "", 0
	}
	payload, err := json.Marshal(&content)
	if err != nil {
		return maxAccessToken
	}
	return a.envelope + base64.RawURLEncoding.EncodedLen(len(payload))
}
