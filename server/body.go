package server

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
)

// maxBody is the max size of a request's body, in bytes.
const maxBody = 8 << 10

// read returns the body of r, or nil when there is none and none is declared. It refuses a body by
// its headers, without reading it, where it can.
func (sh shape) read(x *exchange, r *http.Request) ([]byte, error) {
	optional := len(sh.fields) == 0
	if optional && r.ContentLength == 0 {
		return nil, nil
	}
	if r.ContentLength > maxBody {
		x.Header().Set("Connection", "close")
		return nil, errPayloadTooLarge
	}
	if !optional && !acceptable(r.Header) {
		return nil, errUnsupportedMediaType
	}
	// The reader gets the server's own writer, which it tells to close the
	// connection when the cap is passed.
	body, err := io.ReadAll(http.MaxBytesReader(x.ResponseWriter, r.Body, maxBody))
	switch {
	case err != nil:
		return nil, unread(x, err)
	case optional && len(body) == 0:
		return nil, nil
	case optional && !acceptable(r.Header):
		return nil, errUnsupportedMediaType
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
func acceptable(h http.Header) bool {
	for _, v := range h["Content-Encoding"] {
		if !strings.EqualFold(v, "identity") {
			return false
		}
	}
	types := h["Content-Type"]
	if len(types) != 1 {
		return false
	}
	if types[0] == "application/json" {
		return true
	}
	media, params, err := mime.ParseMediaType(types[0])
	if err != nil || media != "application/json" {
		return false
	}
	charset, ok := params["charset"]
	return len(params) == 0 || len(params) == 1 && ok && strings.EqualFold(charset, "utf-8")
}
