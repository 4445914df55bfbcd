package authn

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/store"
)

// take imports a user, and returns why not.
func (f *fixture) take(t *testing.T, in Arrival) error {
	t.Helper()
	u, err := f.CheckArrival(in)
	if err != nil {
		return err
	}
	if done, err := f.ImportUsers(f.ctx, operator, []store.ImportedUser{u}); err != nil || done[0] != store.Imported {
		t.Fatal(in.Username, done, err)
	}
	return nil
}

// TestUsersOfEveryProgramSignIn imports one user for each format, with hashes that cost little.
func TestUsersOfEveryProgramSignIn(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("hashing/foreign/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct{ Source, Algorithm, Settings, Password, Hash string }
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	onBoth(t, func(c *Config) { c.Hashing.Memory = 64 << 20 }, func(t *testing.T, f *fixture) {
		f.EndHolding() // no refusal waits for the most expensive hash
		seen := map[string]bool{}
		for i, v := range vectors {
			family := v.Hash[:min(6, len(v.Hash))]
			if seen[family] || v.Algorithm == "firebase-scrypt" || strings.HasPrefix(v.Settings, "cost=1") {
				continue
			}
			seen[family] = true
			name := "user-" + string(rune('a'+i/26)) + string(rune('a'+i%26))
			if err := f.take(t, Arrival{Origin: name, Username: name, PasswordHash: v.Hash}); err != nil {
				t.Fatalf("%s: %v", v.Hash, err)
			}
			_, err := f.knock(t, name, v.Password+"x")
			wantCode(t, v.Hash+" with a wrong password", err, CodeInvalidCredentials)
			for range 2 {
				if hash, err := f.knock(t, name, v.Password); err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$"+cheap.String()) {
					t.Errorf("%s: %v, and the hash is %s", v.Hash, err, hash)
				}
			}
		}
		if len(seen) < 25 {
			t.Errorf("only %d formats were tried", len(seen))
		}
	})
}

// TestAPrehashIsKeptWithItsHashUntilTheFirstLogin: the key of a pepper is not readable in the database, and is
// gone with the hash.
func TestAPrehashIsKeptWithItsHashUntilTheFirstLogin(t *testing.T) {
	t.Parallel()
	const pepper = "pepper of the other program"
	peppered, err := bcrypt.GenerateFromPassword([]byte(goodPassword + pepper)[:min(72, len(goodPassword+pepper))], bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		in := Arrival{Origin: "1", Username: "alice", PasswordHash: string(peppered), Prehash: "suffix:" + pepper}
		if err := f.take(t, in); err != nil {
			t.Fatal(err)
		}
		creds, err := f.store.Credentials(f.ctx, "alice")
		if err != nil || !strings.HasPrefix(creds.PasswordHash, "{prehash=suffix:") || strings.Contains(creds.PasswordHash, pepper) {
			t.Fatalf("stored as %s, %v", creds.PasswordHash, err)
		}
		if got := DescribeHash(creds.PasswordHash); got.State != PasswordUsable || got.Algorithm != "bcrypt" || !got.Imported {
			t.Errorf("described as %+v", got)
		}
		if again, err := f.CheckArrival(Arrival{Username: "alice2", PasswordHash: creds.PasswordHash}); err != nil || again.PasswordHash != creds.PasswordHash {
			t.Errorf("an export does not come back: %v", err)
		}
		_, err = f.knock(t, "alice", goodPassword+"x")
		wantCode(t, "a wrong password", err, CodeInvalidCredentials)

		rotated := newFixture(t, f.store, func(c *Config) { c.Secret, c.PreviousSecrets = strangersSecret, []string{c.Secret} })
		for range 2 {
			if hash, err := rotated.knock(t, "alice", goodPassword); err != nil || !strings.HasPrefix(hash, "$argon2id$") {
				t.Errorf("with the secret rotated: %v, and the hash is %s", err, hash)
			}
		}
		in.Origin, in.Username = "2", "bob"
		if err := f.take(t, in); err != nil {
			t.Fatal(err)
		}
		lost := newFixture(t, f.store, func(c *Config) { c.Secret = strangersSecret })
		_, err = lost.knock(t, "bob", goodPassword)
		wantCode(t, "with the secret lost", err, CodeInvalidCredentials)
		if err == nil || !strings.Contains(err.Error(), "jwt.previous_secrets") {
			t.Errorf("the log hears %v, and not what to do", err)
		}
		none := newFixture(t, f.store, func(c *Config) { c.NoSecret = true })
		if err := none.take(t, in); err == nil || !strings.Contains(err.Error(), "secret") {
			t.Errorf("without a secret: got %v", err)
		}
		in.Prehash = "suffix:"
		if err := f.take(t, in); err == nil || strings.Contains(err.Error(), pepper) {
			t.Errorf("a prehash without its key: got %v", err)
		}
	})
}

// TestASealThatWasChangedIsRefused changes what is sealed.
func TestASealThatWasChangedIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, openSQLite(t), nil)
	hash := bcryptOf(t, goodPassword)
	u, err := f.CheckArrival(Arrival{Username: "alice", PasswordHash: hash, Prehash: "hmac-sha512-base64:key"})
	if err != nil {
		t.Fatal(err)
	}
	for _, changed := range []string{
		strings.Replace(u.PasswordHash, "hmac-sha512-base64", "suffix", 1),
		strings.Replace(u.PasswordHash, "}", "A}", 1),
		strings.Replace(u.PasswordHash, "}", "", 1),
		"{prehash=suffix:plain}" + hash, "{prehash=suffix}" + hash, "{prehash=}" + hash, "{prehash=md5}" + hash, "{prehash=" + hash,
		"{prehash=sha256-hex:x}" + hash, "{prehash=sha256-hex}{prehash=sha256-hex}" + hash,
	} {
		if _, err := f.CheckArrival(Arrival{Username: "alice", PasswordHash: changed}); err == nil {
			t.Errorf("%s is taken in", changed)
		}
	}
	if d, known := hashing.Describe("{prehash=" + hash); known {
		t.Errorf("described as %+v", d)
	}
}
