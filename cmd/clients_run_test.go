package cmd_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// language is one of docs/clients.md. Its sample is compiled with a driver from testdata/clients.
type language struct {
	name     string
	compiler string     // the test is left out where it is missing; "" for what every machine has
	build    [][]string // commands
	run      []string
}

// driven is a sample that runs.
type driven struct {
	language
	dir     string
	environ []string
	lines   io.Writer
	said    *bufio.Scanner
}

// start builds a sample of docs/clients.md, which calls the authctl at a URL, and starts it.
func (l language) start(t *testing.T, folder, url string, environ ...string) *driven {
	t.Helper()
	c := &driven{language: l, dir: t.TempDir(), environ: environ}
	printedFiles(t, "clients.md", folder, c.dir, strings.NewReplacer("https://login.example.com", url))
	if err := os.CopyFS(c.dir, os.DirFS(filepath.Join("testdata", "clients", folder))); err != nil {
		t.Fatal(err)
	}
	for _, command := range l.build {
		b := exec.Command(command[0], command[1:]...)
		b.Dir = c.dir
		if said, err := b.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", b, err, said)
		}
	}
	return c.again(t)
}

// again starts the sample anew, with the token that it has stored.
func (c *driven) again(t *testing.T) *driven {
	t.Helper()
	next := *c
	p := exec.Command(c.run[0], c.run[1:]...)
	p.Dir, p.Env, p.Stderr = c.dir, append(os.Environ(), c.environ...), os.Stderr
	in, err := p.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); p.Wait() })
	next.lines, next.said = in, bufio.NewScanner(out)
	return &next
}

// says has the sample do something. Its answer must begin with what is first, and have the rest.
func (c *driven) says(t *testing.T, line, first string, rest ...string) {
	t.Helper()
	fmt.Fprintln(c.lines, line)
	if !c.said.Scan() {
		t.Fatalf("%s: it says nothing: %v", line, c.said.Err())
	}
	got := c.said.Text()
	good := strings.HasPrefix(got, first)
	for _, part := range rest {
		good = good && strings.Contains(got, part)
	}
	if !good {
		t.Errorf("%s: got %q, want %q and %q", line, got, first, rest)
	}
}

// stored returns the refresh token that the sample has stored, or "".
func (c *driven) stored(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, "stored"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}
