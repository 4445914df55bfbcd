package cmd_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// started is a verifier that runs. It keeps the keys that it has fetched.
type started struct {
	verifier
	issuer  *issuer
	command []string
	dir     string
	environ []string
	tokens  io.Writer
	said    *bufio.Scanner
}

// run starts a verifier with its sample.
func (i *issuer) run(t *testing.T, v verifier, algorithm, audience string, environ ...string) *started {
	t.Helper()
	s := &started{verifier: v, issuer: i, dir: t.TempDir(), environ: environ}
	text := i.sample(t, v.name, algorithm, audience)
	switch v.language {
	case "go":
		if err := os.CopyFS(s.dir, os.DirFS(filepath.Join(i.verifiers, "go"))); err != nil {
			t.Fatal(err)
		}
		if err := os.Mkdir(filepath.Join(s.dir, "verify"), 0o700); err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(s.dir, "verify", "verify.go"), text)
		build := exec.Command("go", "build", "-o", "verifier", ".")
		build.Dir = s.dir
		if said, err := build.CombinedOutput(); err != nil {
			t.Fatalf("the sample of %s: %v: %s", v.name, err, said)
		}
		s.command = []string{filepath.Join(s.dir, "verifier")}
	case "node":
		put(t, filepath.Join(s.dir, "sample.mjs"), text)
		put(t, filepath.Join(s.dir, "driver.mjs"), readFile(t, filepath.Join(i.verifiers, "driver.mjs")))
		if err := os.Symlink(filepath.Join(i.verifiers, "npm", "node_modules"), filepath.Join(s.dir, "node_modules")); err != nil {
			t.Fatal(err)
		}
		s.command = []string{"node", filepath.Join(s.dir, "driver.mjs")}
		if newer := filepath.Join(i.verifiers, "node", "node_modules", ".bin", "node"); exec.Command(newer, "--version").Run() == nil {
			s.command[0] = newer
		}
	case "python":
		put(t, filepath.Join(s.dir, "sample.py"), text)
		put(t, filepath.Join(s.dir, "driver.py"), readFile(t, filepath.Join(i.verifiers, "driver.py")))
		s.command = []string{"/usr/bin/python3", filepath.Join(s.dir, "driver.py")} // Debian's, which has python3-jwt
	}
	return s.again(t)
}

// again starts the verifier anew, without the keys that it has fetched.
func (s *started) again(t *testing.T) *started {
	t.Helper()
	next := *s
	c := exec.Command(s.command[0], s.command[1:]...)
	c.Dir = s.dir
	c.Env = append(append(os.Environ(), "SSL_CERT_FILE="+s.issuer.certFile, "NODE_EXTRA_CA_CERTS="+s.issuer.certFile), s.environ...)
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); c.Wait() })
	next.tokens, next.said = in, bufio.NewScanner(out)
	return &next
}

// judge has the verifier judge a token.
func (s *started) judge(t *testing.T, what, token string, good bool) {
	t.Helper()
	fmt.Fprintln(s.tokens, token)
	if !s.said.Scan() {
		t.Fatalf("%s, %s: it says nothing: %v", s.name, what, s.said.Err())
	}
	verdict, rest, _ := strings.Cut(s.said.Text(), " ")
	if (verdict == "good") != good || good && len(rest) != 36 {
		t.Errorf("%s, %s: got %q, want it accepted: %t", s.name, what, s.said.Text(), good)
	}
}
