package authn

import (
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// appendJSON appends the claims as json.Marshal writes them, in less time: each refresh and each
// login makes a token. It fails if a text is not UTF-8, or the user's claims are not JSON.
func (c *claims) appendJSON(b []byte) (_ []byte, err error) {
	b = base64.RawURLEncoding.AppendEncode(append(b, `{"jti":"`...), c.ID[:])
	b = append(b, '"')
	text := func(name, value string) {
		if err == nil {
			b, err = jsontext.AppendQuote(append(b, name...), value)
		}
	}
	text(`,"client_id":`, c.ClientID)
	text(`,"iss":`, c.Issuer)
	if c.Audience != "" {
		text(`,"aud":`, c.Audience)
	}
	text(`,"sub":`, c.Subject)
	b = strconv.AppendInt(append(b, `,"gen":[`...), c.Generation[0], 10)
	b = strconv.AppendInt(append(b, ','), c.Generation[1], 10)
	b = strconv.AppendInt(append(b, `],"iat":`...), c.IssuedAt, 10)
	b = strconv.AppendInt(append(b, `,"exp":`...), c.ExpiresAt, 10)
	if c.UserID != "" {
		text(`,"user_id":`, c.UserID)
	}
	if c.Username != "" {
		text(`,"username":`, c.Username)
	}
	if c.SessionID != "" {
		text(`,"sid":`, c.SessionID)
	}
	if c.SignedIn != 0 {
		b = strconv.AppendInt(append(b, `,"auth_time":`...), c.SignedIn, 10)
	}
	if err != nil {
		return nil, err
	}
	b, err = c.appendRights(b)
	return append(b, '}'), err
}

// appendRights appends what sub may do, the last of the claims.
func (c *claims) appendRights(b []byte) (_ []byte, err error) {
	if c.Roles != "" {
		b = c.Roles.appendJSON(append(b, `,"roles":`...))
	}
	if c.Custom != "" {
		if b, err = jsontext.AppendFormat(append(b, `,"claims":`...), []byte(c.Custom)); err != nil {
			return nil, fmt.Errorf("claims: %w", err)
		}
	}
	if c.Rights != 0 {
		b = strconv.AppendInt(append(b, `,"rgen":`...), c.Rights, 10)
	}
	return b, nil
}
