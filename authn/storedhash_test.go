package authn

import (
	"strings"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/crypto/bcrypt"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/store"
)

// arrive adds a user with a hash of another program to the store.
func (f *fixture) arrive(t *testing.T, name, hash string) {
	t.Helper()
	u := store.NewUser{ID: uuid.New(), Username: name, Folded: name, PasswordHash: hash, CreatedAt: f.now()}
	if _, err := f.store.CreateUser(f.ctx, u, visitor.event(store.ActionUserCreated, f.now())); err != nil {
		t.Fatal(err)
	}
}

func TestAHashFromElsewhereIsReplacedAtTheFirstLogin(t *testing.T) {
	t.Parallel()
	const decomposed, composed = "passwo\u0308rd of Zoe\u0308", "passw\u00f6rd of Zo\u00eb"
	old, err := bcrypt.GenerateFromPassword([]byte(decomposed), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		f.arrive(t, "alice", string(old))
		login := func(password string) error {
			_, err := f.Login(f.ctx, visitor, Account{Username: "alice", Password: password}, "")
			return err
		}
		wantCode(t, "a wrong password", login(goodPassword), CodeInvalidCredentials)
		wantCode(t, "composed, where the other program hashed what was typed", login(composed), CodeInvalidCredentials)
		if got := f.HashStats().By[hashing.ForUpgrade].Run.Count; got != 0 {
			t.Errorf("%d upgrades after wrong passwords", got)
		}
		wantCode(t, "as it was typed", login(decomposed), "")
		creds, err := f.store.Credentials(f.ctx, "alice")
		if err != nil || !strings.HasPrefix(creds.PasswordHash, "$argon2id$v=19$") {
			t.Errorf("got %s, %v, want an Argon2id hash", creds.PasswordHash, err)
		}
		for _, password := range []string{decomposed, composed} { // now it is one password
			wantCode(t, "afterwards", login(password), "")
		}
		if got := f.HashStats().By[hashing.ForUpgrade].Run.Count; got != 1 {
			t.Errorf("got %d upgrades, want 1", got)
		}
	})
}

// TestDevelopmentDoesNotCheapenHashes signs accounts of production in where new hashes have a
// low cost.
func TestDevelopmentDoesNotCheapenHashes(t *testing.T) {
	t.Parallel()
	foreign, err := bcrypt.GenerateFromPassword([]byte(goodPassword), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	own := func(p hashing.Params, pepper string) string {
		h, err := hashing.New(hashing.Config{Params: p, Pepper: pepper})
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := h.Hash(t.Context(), goodPassword)
		if err != nil {
			t.Fatal(err)
		}
		return encoded
	}
	stored := map[string]struct {
		hash string
		kept bool
	}{
		"dearer":   {own(hashing.Params{Memory: 2 * cheap.Memory, Iterations: cheap.Iterations, Parallelism: 1}, ""), true},
		"passes":   {own(hashing.Params{Memory: cheap.Memory, Iterations: cheap.Iterations + 1, Parallelism: 1}, ""), true},
		"memory":   {own(hashing.Params{Memory: cheap.Memory * 2, Iterations: 1, Parallelism: 1}, ""), true},
		"seasoned": {own(hashing.Params{Memory: 2 * cheap.Memory, Iterations: cheap.Iterations, Parallelism: 1}, firstPepper), true},
		"bcrypt":   {string(foreign), true},
		"cheaper":  {own(hashing.Params{Memory: cheap.Memory / 2, Iterations: 1, Parallelism: 1}, ""), false},
		"equal":    {own(cheap, firstPepper), false},
	}
	for _, keeps := range []bool{true, false} {
		onBoth(t, func(c *Config) {
			c.KeepsStrongerHashes, c.PreviousPeppers = keeps, []string{firstPepper}
			c.Hashing.Memory = 4 << 20
		}, func(t *testing.T, f *fixture) {
			for name, is := range stored {
				f.arrive(t, name, is.hash)
				_, err := f.Login(f.ctx, visitor, Account{Username: name, Password: goodPassword}, "")
				wantCode(t, name, err, "")
				creds, err := f.store.Credentials(f.ctx, name)
				if err != nil || (creds.PasswordHash == is.hash) != (is.kept && keeps) {
					t.Errorf("%s, kept %t: got %s for %s, %v", name, keeps, creds.PasswordHash, is.hash, err)
				}
			}
		})
	}
}

func TestAHashThatCannotBeVerifiedIsAWrongPasswordAndAnErrorInTheLog(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		for name, hash := range map[string]string{
			"corrupt":  "$argon2id$v=19$m=64,t=1,p=1$c29tZXNhbHQ$",
			"outsized": "$argon2id$v=19$m=1048576,t=1,p=1$c29tZXNhbHQwMTIzNDU2Nw$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHApjArZlZPZGRPPc",
			"weak":     "$1$abcdefgh$aaaaaaaaaaaaaaaaaaaaaa",
			"unknown":  "5f4dcc3b5aa765d61d8327deb882cf99",
		} {
			f.arrive(t, name, hash)
			before := f.HashStats()
			_, err := f.Login(f.ctx, visitor, Account{Username: name, Password: "password"}, "")
			wantCode(t, name, err, CodeInvalidCredentials)
			if err == nil || !strings.Contains(err.Error(), "hash") || strings.Contains(err.Error(), hash) {
				t.Errorf("%s: the log hears %v", name, err)
			}
			if got := f.HashStats(); got.Run != before.Run+1 || got.By[hashing.ForNobody].Run.Count != before.By[hashing.ForNobody].Run.Count+1 {
				t.Errorf("%s: got %d hashes, want the one that an unknown user costs", name, got.Run-before.Run)
			}
		}
	})
}
