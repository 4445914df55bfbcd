package server

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// text is a string of a request. It refuses U+0000, which PostgreSQL cannot
// store, and U+FFFD, which is what decoders make of broken input, so that two
// different inputs could come to mean one password.
type text string

var (
	errNotText       = errors.New("must be a string")
	errForbiddenRune = errors.New("must not contain U+0000 or U+FFFD")
)

// UnmarshalJSONFrom reads one JSON string.
func (t *text) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if token.Kind() != '"' {
		return errNotText
	}
	s := token.String()
	if strings.ContainsAny(s, "\x00\uFFFD") {
		return errForbiddenRune
	}
	*t = text(s)
	return nil
}

// shape is what an endpoint declares of its body.
type shape struct {
	fields []string // names in the order of declaration
}

func shapeOf[In any]() shape {
	var sh shape
	for f := range reflect.TypeFor[In]().Fields() {
		sh.fields = append(sh.fields, f.Tag.Get("json"))
	}
	return sh
}

// String says what to send.
func (sh shape) String() string {
	if len(sh.fields) == 0 {
		return "send no body, or {}"
	}
	quoted := make([]string, len(sh.fields))
	for i, f := range sh.fields {
		quoted[i] = `"` + f + `"`
	}
	return "send one JSON object with " + strings.Join(quoted, " and ")
}

// decode reads the body of r into in, a pointer to the struct that sh was made
// of. The rules are those of RFC 7493 (I-JSON), and stricter: one object, the
// declared names in their exact case, each once, none null, nothing after it.
func (sh shape) decode(x *exchange, r *http.Request, in any) error {
	body, err := sh.read(x, r)
	if err != nil || body == nil {
		return err
	}
	return sh.unmarshal(body, in)
}

func (sh shape) unmarshal(body []byte, in any) error {
	switch trimmed := bytes.TrimLeft(body, " \t\r\n"); {
	case bytes.HasPrefix(trimmed, []byte("\xEF\xBB\xBF")):
		return invalid("the body starts with a byte order mark, leave it out")
	case !utf8.Valid(body):
		return invalid("the body is not valid UTF-8")
	case len(trimmed) == 0:
		return invalid("the body is empty, %s", sh)
	case trimmed[0] != '{':
		return invalid("the body is not a JSON object, %s", sh)
	}
	if err := json.Unmarshal(body, in, json.RejectUnknownMembers(true)); err != nil {
		return sh.explain(err)
	}
	v := reflect.ValueOf(in).Elem()
	for i, name := range sh.fields {
		if v.Field(i).IsNil() {
			return invalid("the field %q is required and must be a string", name)
		}
	}
	return nil
}

// explain turns a decoder's error into a sentence for the caller. Names are
// repeated only when they are declared ones.
func (sh shape) explain(err error) error {
	var syntactic *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName) && errors.As(err, &syntactic):
		if name := sh.declared(syntactic.JSONPointer); name != "" {
			return invalid("the field %q is given twice", name)
		}
		return invalid("a field is given twice, %s", sh)
	case errors.Is(err, json.ErrUnknownName):
		return invalid("the body has a field that is not known here, %s", sh)
	case errors.As(err, &syntactic):
		return invalid("the body is not valid JSON at byte %d", syntactic.ByteOffset)
	case errors.As(err, &semantic):
		reason := errNotText
		if errors.Is(err, errForbiddenRune) {
			reason = errForbiddenRune
		}
		if name := sh.declared(semantic.JSONPointer); name != "" {
			return invalid("the field %q %v", name, reason)
		}
	}
	return invalid("the body is not valid, %s", sh)
}

func (sh shape) declared(p jsontext.Pointer) string {
	for name := range p.Tokens() {
		if slices.Contains(sh.fields, name) {
			return name
		}
		break
	}
	return ""
}

func invalid(format string, args ...any) error {
	return problem(codeInvalidRequest, fmt.Sprintf(format, args...))
}
