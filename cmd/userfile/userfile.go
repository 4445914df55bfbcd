// Package userfile reads users from the files that authctl and other programs export
// them to. It streams: a file may be larger than the memory.
package userfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/authctl/authctl/authn"
)

// Row is one user of a file.
type Row struct {
	Number  int    // of the line, or of the user in JSON; from 1
	Unit    string // what is numbered: line or user
	User    authn.Arrival
	Skipped bool  // whether it is an account that belongs to no person, and is not to be taken in
	Err     error // why the row is no user, fit for a person; nothing of its secrets
}

// Options is what reading a file may need to know.
type Options struct {
	UsernameField string         // username or email; "" for the username, or the e-mail address where there is none
	Firebase      FirebaseConfig // of the project, for Firebase's hashes
}

// Reader reads one file.
type Reader struct {
	options Options
	unkept  map[string]bool
	at      int64 // bytes before the first that counts
	skipped int   // lines before the one that it is in
}

// New makes a Reader.
func New(o Options) *Reader { return &Reader{options: o, unkept: map[string]bool{}} }

// Unkept returns the names of the fields that were in the file and are not kept, sorted.
func (r *Reader) Unkept() []string {
	var names []string
	for name := range r.unkept {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Formats returns the names of the formats, authctl's own first.
func Formats() []string {
	return []string{"authctl", "keycloak", "firebase", "django", "auth0", "gotrue", "kratos"}
}

const (
	maxRecord = 64 << 10 // bytes of one user
	maxUnkept = 50       // names that are remembered
)

// Read yields the users of a file. A second value that is not nil says that the file is
// not of this format, or, with [Broken], that it cannot be read to its end; it is the last.
func (r *Reader) Read(format string, file io.Reader) iter.Seq2[Row, error] {
	in := bufio.NewReaderSize(file, maxRecord)
	if err := checkText(in); err != nil {
		return failed(err)
	}
	first, err := r.firstByte(in)
	switch {
	case errors.Is(err, io.EOF):
		return func(func(Row, error) bool) {}
	case err != nil:
		return failed(fmt.Errorf("read users: %w", err))
	}
	isJSON := first == '{' || first == '['
	switch format {
	case "authctl":
		if isJSON {
			return r.readLines(in)
		}
		return r.readCSV(in, authctlColumns(), authctlRow)
	case "gotrue":
		if isJSON {
			return r.readJSON(in, "users", r.gotrue)
		}
		return r.readCSV(in, gotrueColumns(), r.gotrueRow)
	case "keycloak":
		return r.readJSON(in, "users", r.keycloak)
	case "firebase":
		return r.readJSON(in, "users", r.firebase)
	case "django":
		return r.readJSON(in, "", r.django)
	case "auth0":
		return r.readJSON(in, "users", r.auth0)
	case "kratos":
		return r.readJSON(in, "", r.kratos)
	}
	return failed(fmt.Errorf("there is no format %q, only %s", format, strings.Join(Formats(), ", ")))
}

func failed(err error) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) { yield(Row{}, err) }
}

// firstByte skips a byte order mark and empty lines, counts them, and looks at what follows.
func (r *Reader) firstByte(in *bufio.Reader) (byte, error) {
	if mark, err := in.Peek(3); err == nil && string(mark) == "\ufeff" {
		in.Discard(3)
		r.at += 3
	}
	for {
		b, err := in.ReadByte()
		if err != nil {
			return 0, err
		}
		if !strings.ContainsRune(" \t\r\n", rune(b)) {
			return b, in.UnreadByte()
		}
		if r.at++; b == '\n' {
			r.skipped++
		}
	}
}

// username chooses a user's name.
func (r *Reader) username(username, email string) (string, error) {
	switch r.options.UsernameField {
	case "username":
		email = ""
	case "email":
		username = ""
	}
	switch {
	case username != "":
		return username, nil
	case email != "":
		return email, nil
	case r.options.UsernameField != "":
		return "", fmt.Errorf("it has no %s", r.options.UsernameField)
	}
	return "", errors.New("it has neither a username nor an e-mail address")
}

// drop remembers the names of fields that are not kept.
func (r *Reader) drop(names ...string) {
	for _, name := range names {
		if len(r.unkept) < maxUnkept && len(name) <= 64 {
			r.unkept[name] = true
		}
	}
}
