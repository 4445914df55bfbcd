package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// text is a string in a request. It refuses U+0000, which PostgreSQL cannot store, and U+FFFD,
// which decoders substitute for invalid input: two different inputs could otherwise become the same
// password.
type text string

var (
	errNotText       = errors.New("must be a string")
	errForbiddenRune = errors.New("must not contain U+0000 or U+FFFD")
)

// kindNames maps JSON kinds other than strings to plain words.
var kindNames = map[jsontext.Kind]string{'n': "null", 't': "true", 'f': "false", '0': "a number", '{': "an object", '[': "an array"}

// UnmarshalJSONFrom reads one JSON string.
func (t *text) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if token.Kind() != '"' {
		return fmt.Errorf("%w, not %s", errNotText, kindNames[token.Kind()])
	}
	s := token.String()
	if strings.ContainsAny(s, "\x00\uFFFD") {
		return errForbiddenRune
	}
	*t = text(s)
	return nil
}

// shape is the list of fields that an endpoint's body may have.
type shape struct {
	fields   []string // names in the order of declaration
	required []bool   // whether the body must have the field at this place
}

func shapeOf[In any]() shape {
	var sh shape
	for f := range reflect.TypeFor[In]().Fields() {
		sh.fields = append(sh.fields, f.Tag.Get("json"))
		sh.required = append(sh.required, f.Type.Kind() == reflect.Pointer)
	}
	return sh
}

// String returns a sentence that tells clients what to send.
func (sh shape) String() string {
	if len(sh.fields) == 0 {
		return "send no body, or {}"
	}
	var required, optional []string
	for i, f := range sh.fields {
		if sh.required[i] {
			required = append(required, `"`+f+`"`)
		} else {
			optional = append(optional, `"`+f+`"`)
		}
	}
	if len(required) == 0 {
		return "send no body, or one JSON object with " + strings.Join(optional, " and ")
	}
	sentence := "send one JSON object with " + strings.Join(required, " and ")
	if len(optional) > 0 {
		sentence += ", and " + strings.Join(optional, " and ") + " if you like"
	}
	return sentence
}

// decode reads the body of r into in, a pointer to the struct from which sh was made. It follows
// RFC 7493 (I-JSON) and is stricter: the body is one object; names are declared, in exact case, and
// unique; no value is null; nothing follows the object.
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
		return sh.explain(body, err)
	}
	v := reflect.ValueOf(in).Elem()
	for i, name := range sh.fields {
		if sh.required[i] && v.Field(i).IsNil() {
			return invalid("the field %q is required and must be a string", name)
		}
	}
	return nil
}

// explain turns a decoder's error into a sentence for the client.
func (sh shape) explain(body []byte, err error) error {
	var syntactic *jsontext.SyntacticError
	var semantic *json.SemanticError
	switch {
	case errors.As(err, &syntactic):
		return sh.explainSyntax(body, syntactic)
	case !errors.As(err, &semantic):
	case errors.Is(err, json.ErrUnknownName):
		return invalid("the body has the unknown field %s, %s", quoteName(semantic.JSONPointer), sh)
	case errors.Is(err, errNotText), errors.Is(err, errForbiddenRune):
		return invalid("the field %s %v", quoteName(semantic.JSONPointer), semantic.Err)
	}
	return invalid("the body is not valid, %s", sh)
}

func (sh shape) explainSyntax(body []byte, err *jsontext.SyntacticError) error {
	switch {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return invalid("the field %s is given twice", quoteName(err.JSONPointer))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return invalid("the body is not valid JSON: it ends at byte %d, before its object does", len(body))
	case objectEnd(body) >= 0:
		return invalid("the body is not valid JSON: there is more after its object, which ends at byte %d", objectEnd(body))
	default:
		return invalid("the body is not valid JSON at byte %d", err.ByteOffset)
	}
}

// objectEnd returns where the first JSON value of a body ends, or -1 when that is invalid.
func objectEnd(body []byte) int64 {
	dec := jsontext.NewDecoder(bytes.NewReader(body))
	if dec.SkipValue() != nil {
		return -1
	}
	return dec.InputOffset()
}

// maxQuotedName is the max number of bytes of a field's name that an answer repeats.
const maxQuotedName = 64

// quoteName quotes the name of the field that p points to, cut to [maxQuotedName]. It escapes
// everything but visible ASCII, so that a Cyrillic letter can be told from a Latin one.
func quoteName(p jsontext.Pointer) string {
	for name := range p.Tokens() {
		return quoteBounded(name, maxQuotedName)
	}
	return `""`
}

// quoteBounded quotes at most n bytes of client input, escaped as ASCII.
func quoteBounded(s string, n int) string {
	quoted := strconv.QuoteToASCII(bounded(s, n))
	if len(s) > n {
		quoted += "..."
	}
	return quoted
}

func invalid(format string, args ...any) error {
	return problem(codeInvalidRequest, fmt.Sprintf(format, args...))
}
