package authn

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// madeAnew is a hash that a program of this machine has just made.
type madeAnew struct {
	Program, Password, Hash string

	Kept bool // the hash does not see the whole password
}

// TestUsersSignInWithHashesThatOtherProgramsMakeNow reads the file that .ci/imports/build writes. On PostgreSQL it takes
// every third hash.
func TestUsersSignInWithHashesThatOtherProgramsMakeNow(t *testing.T) {
	t.Parallel()
	path := os.Getenv("AUTHCTL_TEST_IMPORTS")
	if path == "" {
		t.Skip("AUTHCTL_TEST_IMPORTS names no file of .ci/imports/build")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var all []madeAnew
	for line := range strings.Lines(string(text)) {
		var m madeAnew
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	if len(all) < 100 {
		t.Fatalf("the file has only %d hashes", len(all))
	}
	onBoth(t, func(c *Config) { c.Hashing.Memory = 256 << 20 }, func(t *testing.T, f *fixture) {
		step := 3
		if strings.Contains(t.Name(), "sqlite") {
			step = 1
		}
		f.EndHolding() // no refusal waits for the most expensive hash
		for i := 0; i < len(all); i += step {
			signInAnew(t, f, fmt.Sprintf("user-%d", i), all[i])
		}
	})
}

// signInAnew imports a user, and signs in with a wrong password and twice with the right one.
func signInAnew(t *testing.T, f *fixture, name string, m madeAnew) {
	t.Helper()
	if err := f.take(t, Arrival{Origin: name, Username: name, PasswordHash: m.Hash}); err != nil {
		t.Errorf("%s: %s: %v", m.Program, m.Hash, err)
		return
	}
	_, err := f.knock(t, name, "x"+m.Password[1:])
	wantCode(t, m.Program+" with a wrong password", err, CodeInvalidCredentials)
	for range 2 {
		hash, err := f.knock(t, name, m.Password)
		if upgraded := strings.HasPrefix(hash, "$argon2id$v=19$"+cheap.String()); err != nil || upgraded == m.Kept {
			t.Errorf("%s: %q with %s: %v, kept %t, and the hash is %s", m.Program, m.Password, m.Hash, err, m.Kept, hash)
		}
	}
}
