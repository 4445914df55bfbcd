package userfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// offset returns the end of the last token read, in bytes from the beginning of the file.
func (s *stream) offset() int64 { return s.base + s.json.InputOffset() }

// count returns the number of users read, for a message.
func (s *stream) count() string {
	if s.n == 1 {
		return "1 user"
	}
	return fmt.Sprintf("%d users", s.n)
}

// explain returns an error that gives the place where reading stops. It quotes nothing of the file.
func (s *stream) explain(err error) error {
	where := fmt.Sprintf("after %s and %d bytes", s.count(), s.offset())
	if s.within {
		where = fmt.Sprintf("in user %d, after %d bytes", s.n+1, s.offset())
	}
	var already *Broken
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &already):
		return err
	case errors.Is(err, errTooLong):
		return broken("it has more than %d KiB of one user %s", maxRecord>>10, where)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return broken("it is cut off %s", where)
	case s.json.InputOffset() == 0 && s.n == 0:
		return errors.New("it is not JSON")
	case errors.As(err, &syntax), errors.Is(err, errScalar):
		return broken("it continues with something that is neither a JSON object nor a list %s", where)
	}
	return fmt.Errorf("read users: %w", err)
}
