package authn

import (
	"crypto/rand"
	"encoding/base64"
	"errors"

	"github.com/go-json-experiment/json/jsontext"
)

// tokenID is the unique jti of an access token (RFC 7519, section 4.1.7): 120 random bits. As text
// it is 20 characters of base64url without padding. Encoding and decoding allocate nothing.
type tokenID [15]byte

const tokenIDLength = 20 // characters

func newTokenID() (id tokenID) {
	rand.Read(id[:])
	return id
}

// MarshalJSONTo implements [json.MarshalerTo].
func (id *tokenID) MarshalJSONTo(to *jsontext.Encoder) error {
	b := append(to.AvailableBuffer(), '"')
	b = base64.RawURLEncoding.AppendEncode(b, id[:])
	return to.WriteValue(append(b, '"'))
}

var errTokenID = errors.New("the jti is not 20 characters of base64url")

// UnmarshalJSONFrom implements [json.UnmarshalerFrom].
func (id *tokenID) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	v, err := from.ReadValue()
	if err != nil {
		return err
	}
	if len(v) != tokenIDLength+2 || v.Kind() != '"' {
		return errTokenID
	}
	n, err := base64.RawURLEncoding.Strict().Decode(id[:], v[1:len(v)-1])
	if err != nil || n != len(id) {
		return errTokenID
	}
	return nil
}
