package argon2id

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestTheAssemblyIsWhatItsProgramWrites runs the program, which needs a module that the
// rest of authctl does not.
func TestTheAssemblyIsWhatItsProgramWrites(t *testing.T) {
	t.Parallel()
	if os.Getenv("CI") == "" {
		t.Skip("it may need the network; CI=true runs it")
	}
	dir := t.TempDir()
	program := exec.Command("go", "run", ".", "-out", filepath.Join(dir, "block_amd64.s"), "-stubs", filepath.Join(dir, "block_amd64.go"), "-pkg", "argon2id")
	program.Dir = "asm"
	if said, err := program.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	for _, name := range []string{"block_amd64.s", "block_amd64.go"} {
		if got, want := body(t, name), body(t, filepath.Join(dir, name)); !bytes.Equal(got, want) {
			t.Errorf("%s is not what the program in asm writes: go generate ./authn/argon2id", name)
		}
	}
}

// body returns a file without its first line, which names the command that wrote it.
func body(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(text, []byte("\n"))
	return rest
}
