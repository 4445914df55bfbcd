package authn

import (
	"errors"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// roleList is the roles in an access token, in the form of [store.Rights]. As JSON it is an array of
// texts. So a token without roles costs nothing, and a cached one keeps one string.
type roleList string

// MarshalJSONTo implements [json.MarshalerTo].
func (l roleList) MarshalJSONTo(to *jsontext.Encoder) error {
	return to.WriteValue(l.appendJSON(to.AvailableBuffer()))
}

func (l roleList) appendJSON(b []byte) []byte {
	b = append(b, '[')
	for role := range strings.SplitSeq(string(l), " ") {
		b = append(append(append(b, '"'), role...), `",`...) // a role needs no escapes
	}
	b[len(b)-1] = ']'
	return b
}

var errRoles = errors.New("the roles are not a sorted array of roles")

// UnmarshalJSONFrom implements [json.UnmarshalerFrom]. Roles go into headers, so it takes nothing
// else, whoever knows the key.
func (l *roleList) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	v, err := from.ReadValue()
	if err != nil {
		return err
	}
	inner, ok := strings.CutPrefix(string(v), `["`)
	if ok {
		inner, ok = strings.CutSuffix(inner, `"]`)
	}
	roles := strings.Split(inner, `","`)
	if !ok || !slices.IsSorted(roles) || slices.ContainsFunc(roles, func(role string) bool { return !IsRole(role) }) {
		return errRoles
	}
	*l = roleList(strings.Join(roles, " "))
	return nil
}

// userInfo is the claims of a user in an access token: a JSON object in its shortest form. Nothing
// here reads them, so a token that is read leaves them out.
type userInfo string

// MarshalJSONTo implements [json.MarshalerTo].
func (i userInfo) MarshalJSONTo(to *jsontext.Encoder) error {
	return to.WriteValue(append(to.AvailableBuffer(), i...))
}

// UnmarshalJSONFrom implements [json.UnmarshalerFrom].
func (*userInfo) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	if from.PeekKind() != '{' {
		return errors.New("the claims are not an object")
	}
	return from.SkipValue()
}
