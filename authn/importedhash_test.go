package authn

import (
	"crypto/sha512"
	"encoding/base64"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"github.com/authctl/authctl/authn/hashing"
)

// knock signs a user in, and returns the error and the hash that is stored then.
func (f *fixture) knock(t *testing.T, name, password string) (hash string, err error) {
	t.Helper()
	_, err = f.Login(f.ctx, visitor, Account{Username: name, Password: password}, "")
	creds, failed := f.store.Credentials(f.ctx, name)
	if failed != nil {
		t.Fatal(failed)
	}
	return creds.PasswordHash, err
}

// bcryptOf returns the hash of what bcrypt reads of a password.
func bcryptOf(t *testing.T, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password[:min(len(password), 72)]), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(hash)
}

// TestAHashThatDidNotSeeTheWholePasswordIsKept signs in with a mistyped tail first. The owner must get in
// afterwards.
func TestAHashThatDidNotSeeTheWholePasswordIsKept(t *testing.T) {
	t.Parallel()
	const long = "L0ng-passphrase-of-eighty-bytes:abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKL"
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		old := bcryptOf(t, long)
		f.arrive(t, "alice", old)
		for _, typed := range []string{long[:79] + "X", long[:72], long[:79], long} {
			if hash, err := f.knock(t, "alice", typed); err != nil || hash != old {
				t.Errorf("%q: %v, and the hash is %s", typed, err, hash)
			}
		}
		for _, wrong := range []string{long[:71], "X" + long[1:], long[:71] + "X" + long[72:]} {
			_, err := f.knock(t, "alice", wrong)
			wantCode(t, wrong, err, CodeInvalidCredentials)
		}
		if got := f.HashStats().By[hashing.ForUpgrade].Run.Count; got != 0 {
			t.Errorf("%d hashes were computed for an upgrade", got)
		}
		if _, err := f.SetPassword(f.ctx, operator, "alice", long); err != nil {
			t.Fatal(err)
		}
		hash, err := f.knock(t, "alice", long)
		if err != nil || !strings.HasPrefix(hash, "$argon2id$") {
			t.Errorf("after a change: %v, and the hash is %s", err, hash)
		}
		_, err = f.knock(t, "alice", long[:79]+"X")
		wantCode(t, "a mistyped tail after a change", err, CodeInvalidCredentials)
		f.arrive(t, "bob", bcryptOf(t, long[:71]))
		if hash, err := f.knock(t, "bob", long[:71]); err != nil || !strings.HasPrefix(hash, "$argon2id$") {
			t.Errorf("71 bytes are read to their end, and the next is a zero: %v, and the hash is %s", err, hash)
		}
	})
}

// TestSymfonysHashOfALongPasswordIsUpgraded: Symfony hashes a digest of it, which is all of it.
func TestSymfonysHashOfALongPasswordIsUpgraded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a long passphrase ", 5)
	sum := sha512.Sum512([]byte(long))
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.arrive(t, "alice", bcryptOf(t, base64.StdEncoding.EncodeToString(sum[:])))
		_, err := f.knock(t, "alice", long[:89]+"X")
		wantCode(t, "another tail", err, CodeInvalidCredentials)
		for range 2 {
			if hash, err := f.knock(t, "alice", long); err != nil || !strings.HasPrefix(hash, "$argon2id$") {
				t.Errorf("%v, and the hash is %s", err, hash)
			}
		}
	})
}

// TestAnImportedHashIsTriedAsTypedAndInNFC: the hashes look like ours, or not, and are of the password in
// either form.
func TestAnImportedHashIsTriedAsTypedAndInNFC(t *testing.T) {
	t.Parallel()
	const decomposed, composed = "passwo\u0308rd of Zoe\u0308", "passw\u00f6rd of Zo\u00eb"
	argon := func(password string) string {
		b64 := base64.RawStdEncoding
		salt := []byte("sixteen bytes ab")
		tag := argon2.IDKey([]byte(password), salt, cheap.Iterations, cheap.Memory, cheap.Parallelism, 32)
		return "$argon2id$v=19$" + cheap.String() + "$" + b64.EncodeToString(salt) + "$" + b64.EncodeToString(tag)
	}
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		for name, hash := range map[string]string{
			"ours":   argon(decomposed),
			"order":  strings.NewReplacer("$v=19$m=", "$v=19$p=1,m=", ",p=1$", "$").Replace(argon(decomposed)), // not our spelling
			"bcrypt": bcryptOf(t, decomposed),
		} {
			f.arrive(t, name, hash)
			_, err := f.knock(t, name, composed)
			wantCode(t, name+", composed, where what was typed was hashed", err, CodeInvalidCredentials)
			for _, typed := range []string{decomposed, composed, decomposed} {
				upgraded, err := f.knock(t, name, typed)
				if err != nil || upgraded == hash || !strings.HasPrefix(upgraded, "$argon2id$v=19$m=") {
					t.Errorf("%s: %q: %v, and the hash is %s", name, typed, err, upgraded)
				}
			}
		}
		f.arrive(t, "carol", bcryptOf(t, composed))
		if _, err := f.knock(t, "carol", decomposed); err != nil {
			t.Errorf("decomposed, where the other program hashed NFC: %v", err)
		}
	})
}
