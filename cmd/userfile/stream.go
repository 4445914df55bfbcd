package userfile

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"unicode/utf8"
)

// stream reads users from a sequence of JSON documents. A document is a user, a list of users,
// or an object with a list of users in a member.
type stream struct {
	r    *Reader
	in   io.Reader
	base int64 // offset of in in the file, in bytes
	document

	limit  *meter
	json   *json.Decoder
	n      int  // users read so far
	within bool // whether a user is being read
	lists  int  // lists of users found so far
	leads  int  // members that lead to one
	bare   int  // documents without such a list
	others int  // objects that are not users
	yield  func(Row, error) bool
}

const maxNesting = 4 // lists within lists, such as pages collected in one list

var (
	errStopped = errors.New("nobody wants more")
	errScalar  = errors.New("a value that is neither an object nor a list")
	errNobody  = errors.New("an account that belongs to no person")
)

func (r *Reader) readJSON(in *bufio.Reader, d document) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		s := &stream{r: r, in: in, base: r.at, document: d}
		s.all(yield)
	}
}

// all reads all documents, to the end of the file.
func (s *stream) all(yield func(Row, error) bool) {
	s.yield, s.limit = yield, &meter{in: s.in}
	s.json = json.NewDecoder(s.limit)
	for {
		s.limit.reset()
		t, err := s.json.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if _, isDelim := t.(json.Delim); err == nil && !isDelim {
			err = errScalar
		}
		if err == nil {
			err = s.value(t, 0)
		}
		if err != nil {
			if !errors.Is(err, errStopped) {
				yield(Row{}, s.explain(err))
			}
			return
		}
	}
	if s.bare > 0 && s.lists == 0 && s.n == 0 {
		of := "realm"
		if s.through != nil {
			of = "organisation"
		}
		yield(Row{}, fmt.Errorf("it has no list %q: export the %s with its users", s.member, of))
	}
	if s.others > 0 && s.others == s.n {
		yield(Row{}, errors.New("it has objects, and none of them is a user with a password: export the model of users, such as auth.user"))
	}
}

// value reads the JSON value that begins with a token.
func (s *stream) value(t json.Token, depth int) error {
	switch t {
	case json.Delim('['):
		return s.list(depth+1, s.value)
	case json.Delim('{'):
		return s.object(s.member, depth)
	}
	return s.row(Row{Err: errNoJSON})
}

// listed reads an element of the list of users. The element is a user, whatever its members.
func (s *stream) listed(t json.Token, depth int) error {
	switch t {
	case json.Delim('['):
		return broken("it has a list within the list %q, after %s and %d bytes", s.member, s.count(), s.offset())
	case json.Delim('{'):
		return s.object("", depth)
	}
	return s.row(Row{Err: errNoJSON})
}

// list reads the elements of a list whose first token has been read.
func (s *stream) list(depth int, element func(json.Token, int) error) error {
	if depth > maxNesting {
		return broken("it has lists within lists, after %s and %d bytes", s.count(), s.offset())
	}
	for s.json.More() {
		s.limit.reset()
		t, err := s.json.Token()
		if err == nil {
			err = element(t, depth)
		}
		if err != nil {
			return err
		}
		s.limit.reset()
	}
	_, err := s.json.Token()
	return err
}

// object reads an object whose first token has been read. The object is a user, or has the list of
// users if it has the member.
func (s *stream) object(member string, depth int) error {
	s.within = true
	o, size, lists, leads, row := object{}, 0, s.lists, s.leads, Row{}
	if member != "" {
		s.tell("", nil)
	}
	for s.json.More() {
		key, err := s.json.Token()
		if err != nil {
			return err
		}
		name, _ := key.(string)
		if member != "" && name == member {
			if err := s.users(); err != nil {
				return err
			}
			continue
		}
		if member != "" && slices.Contains(s.through, name) {
			if err := s.lead(depth); err != nil {
				return err
			}
			continue
		}
		if member != "" && slices.Contains(s.skip, name) {
			if err := s.pass(name); err != nil {
				return err
			}
			o[name] = nil
			continue
		}
		if member != "" {
			s.limit.boundless() // a realm has much data other than users
		}
		var value json.RawMessage
		if err := s.json.Decode(&value); err != nil {
			return err
		}
		if member != "" {
			s.tell(name, value)
		}
		if _, twice := o[name]; twice && row.Err == nil {
			row.Err = fmt.Errorf("it has %q twice", shown(name))
		}
		if !utf8.Valid(value) && row.Err == nil {
			row.Err = errors.New("it is not valid UTF-8")
		}
		if size += len(name) + len(value); size > maxRecord {
			value = nil // too large for a user, and perhaps not one
		}
		if len(o) < maxRecord {
			o[name] = value
		}
	}
	if _, err := s.json.Token(); err != nil {
		return err
	}
	s.within = false
	switch {
	case s.lists > lists, s.leads > leads:
		return nil
	case member != "" && (isRealm(o) || isOrganisation(o)):
		s.bare++
		return nil
	case size > maxRecord && row.Err == nil:
		row.Err = errTooLong
	}
	return s.decoded(row, o)
}

// users reads the list of users in the member.
func (s *stream) users() error {
	if s.before != nil {
		if err := s.before(); err != nil {
			return err
		}
	}
	t, err := s.json.Token()
	switch {
	case err != nil:
		return err
	case t == nil: // null
		s.lists++
		return nil
	case t != json.Delim('['):
		return broken("its %q is not a list, after %s and %d bytes", s.member, s.count(), s.offset())
	}
	s.lists++
	s.within = false
	return s.list(1, s.listed)
}

// lead reads the value of a member that leads to the list of users.
func (s *stream) lead(depth int) error {
	s.within = false
	s.leads++
	t, err := s.json.Token()
	switch _, isDelim := t.(json.Delim); {
	case err != nil:
		return err
	case !isDelim: // null
		return nil
	case depth >= maxNesting:
		return broken("it has objects within objects, after %s and %d bytes", s.count(), s.offset())
	}
	return s.value(t, depth+1)
}

// pass reads a list and keeps nothing of it but its name, as not kept.
func (s *stream) pass(name string) error {
	s.within = false
	if name != "userGrants" || s.r.grants == nil {
		s.r.drop(name)
	}
	t, err := s.json.Token()
	switch {
	case err != nil || t == nil: // null
		return err
	case t != json.Delim('['):
		return broken("its %q is not a list, after %s and %d bytes", name, s.count(), s.offset())
	}
	for s.json.More() {
		s.limit.reset()
		var element json.RawMessage
		if err := s.json.Decode(&element); err != nil {
			return err
		}
	}
	_, err = s.json.Token()
	return err
}

// isRealm reports whether an object is a Keycloak realm. Keycloak also exports realms without users.
func isRealm(o object) bool {
	_, realm := o["realm"]
	_, user := o["username"]
	return realm && !user
}

// isOrganisation reports whether an object is one of ZITADEL's organisations. One may have no users.
func isOrganisation(o object) bool {
	_, is := o["orgId"]
	return is
}

// decoded decodes an object to a user and yields it.
func (s *stream) decoded(row Row, o object) error {
	if row.Err == nil {
		row.User, row.Err = s.r.decode(o, s.user)
	}
	if errors.Is(row.Err, errSkip) {
		s.n++
		s.others++
		return nil
	}
	if errors.Is(row.Err, errNobody) {
		row.Skipped, row.Err = true, nil
	}
	return s.row(row)
}

func (s *stream) row(row Row) error {
	s.n++
	row.Number, row.Unit = s.n, "user"
	if !s.yield(row, nil) {
		return errStopped
	}
	return nil
}
