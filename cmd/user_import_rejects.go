package cmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/authctl/authctl/cmd/userfile"
)

// rejects keeps the rejected rows: all in a file, or else the first few in memory.
type rejects struct {
	file  *os.File
	enc   *json.Encoder
	first []reject
}

// reject is one line of the file. It holds no hash.
type reject struct {
	Line     int    `json:"line"` // or the number of the user, in JSON
	Username string `json:"username"`
	Email    string `json:"email,omitempty"` // of a user without a username
	Reason   string `json:"reason"`
	unit     string // what Line counts: line or user
}

func newRejects(path string) (*rejects, error) {
	if path == "" {
		return &rejects{}, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, usage("name a new file", "--rejects: %s already exists", path)
	}
	if err != nil {
		return nil, &problem{exitUsage, fmt.Errorf("--rejects: %w", err), ""}
	}
	return &rejects{file: f, enc: json.NewEncoder(f)}, nil
}

func (r *rejects) add(row userfile.Row, reason string) error {
	one := reject{Line: row.Number, Username: row.User.Username, Reason: reason, unit: row.Unit}
	if one.Username == "" {
		one.Email = row.User.Email
	}
	if r.file != nil {
		return r.enc.Encode(one)
	}
	if len(r.first) < rejectsShown {
		r.first = append(r.first, one)
	}
	return nil
}

func (r *rejects) close() error {
	if r.file == nil {
		return nil
	}
	return r.file.Close()
}

// countingReader counts the bytes that were read.
type countingReader struct {
	r io.Reader
	n int64
}

// Read implements [io.Reader].
func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
