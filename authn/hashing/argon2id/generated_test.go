package argon2id

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestTheAssemblyIsWhatItsGeneratorWrites(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "generate"), os.DirFS("generate")); err != nil {
		t.Fatal(err)
	}
	const directive = "compression_amd64.go"
	if err := os.WriteFile(filepath.Join(dir, directive), read(t, directive), 0o600); err != nil {
		t.Fatal(err)
	}

	// Its modules may have to be downloaded. Any other error fails the test.
	download := exec.Command("go", "-C", filepath.Join(dir, "generate"), "mod", "download")
	if out, err := download.CombinedOutput(); err != nil && os.Getenv("CI") == "" {
		t.Skipf("set CI to make this fail: the generator's modules cannot be had: %v: %s", err, out)
	}
	generate := exec.Command("go", "generate", directive)
	generate.Dir = dir
	if out, err := generate.CombinedOutput(); err != nil {
		t.Fatalf("go generate: %v: %s", err, out)
	}
	for _, name := range []string{"compression_amd64.s", "compression_stubs_amd64.go"} {
		if !bytes.Equal(read(t, filepath.Join(dir, name)), read(t, name)) {
			t.Errorf("%s is not what its generator writes; run go generate ./authn/hashing/argon2id", name)
		}
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
