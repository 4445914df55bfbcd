package server

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxBody is the max size of a request's body, in bytes.
const maxBody = 8 << 10

// read returns the body of r, or nil when there is none and none is declared. It refuses a body by
// its headers, without reading it, where it can.
func (sh shape) read(x *exchange, r *http.Request) ([]byte, error) {
	optional := !slices.Contains(sh.required, true)
	if optional && r.ContentLength == 0 {
		return nil, nil
	}
	if err := sized(x, r); err != nil {
		return nil, err
	}
	if !optional && !acceptable(r.Header) {
		return nil, errUnsupportedMediaType
	}
	body, err := readAll(x, r)
	switch {
	case err != nil:
		return nil, err
	case optional && len(body) == 0:
		return nil, nil
	case optional && !acceptable(r.Header):
		return nil, errUnsupportedMediaType
	}
	return body, nil
}

// readForm reads the fields of a browser's form. Every field must come once, and no other.
func readForm(x *exchange, r *http.Request, fields []string) (map[string]text, error) {
	if err := sized(x, r); err != nil {
		return nil, err
	}
	if !declared(r.Header, "application/x-www-form-urlencoded") {
		return nil, errNoForm
	}
	body, err := readAll(x, r)
	if err != nil {
		return nil, err
	}
	sent, err := url.ParseQuery(string(body))
	if err != nil || len(sent) != len(fields) {
		return nil, errFormFields
	}
	form := make(map[string]text, len(fields))
	for _, name := range fields {
		values := sent[name]
		if len(values) != 1 || !utf8.ValidString(values[0]) || strings.ContainsAny(values[0], "\x00\uFFFD") {
			return nil, errFormFields
		}
		form[name] = text(values[0])
	}
	return form, nil
}

// sized refuses a body whose declared length is more than maxBody.
func sized(x *exchange, r *http.Request) error {
	if r.ContentLength > maxBody {
		x.Header().Set("Connection", "close")
		return errPayloadTooLarge
	}
	return nil
}

// readAll reads a body of at most maxBody bytes.
func readAll(x *exchange, r *http.Request) ([]byte, error) {
	// The reader gets the server's own writer, which it tells to close the
	// connection when the cap is passed.
	body, err := io.ReadAll(http.MaxBytesReader(x.ResponseWriter, r.Body, maxBody))
	if err != nil {
		return nil, unread(x, err)
	}
	return body, nil
}

func unread(x *exchange, err error) error {
	var tooLarge *http.MaxBytesError
	x.Header().Set("Connection", "close")
	switch {
	case errors.As(err, &tooLarge):
		return errPayloadTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errRequestTimeout
	default:
		return invalid("the body could not be read to its end")
	}
}

// acceptable reports whether a body is declared as plain JSON in UTF-8. It must never accept a type
// that a browser's form can send, because such a request comes without a preflight.
func acceptable(h http.Header) bool { return declared(h, "application/json") }

// declared reports whether a body is declared to have a media type, in UTF-8 and without encoding.
func declared(h http.Header, want string) bool {
	for _, v := range h["Content-Encoding"] {
		if !strings.EqualFold(v, "identity") {
			return false
		}
	}
	types := h["Content-Type"]
	if len(types) != 1 {
		return false
	}
	if types[0] == want {
		return true
	}
	media, params, err := mime.ParseMediaType(types[0])
	if err != nil || media != want {
		return false
	}
	charset, ok := params["charset"]
	return len(params) == 0 || len(params) == 1 && ok && strings.EqualFold(charset, "utf-8")
}
