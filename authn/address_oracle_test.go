package authn

import (
	"slices"
	"testing"

	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

func TestAUsernameThatIsTheAddressOfAnotherSignsIn(t *testing.T) {
	t.Parallel()
	const taken, free, others = "alice@example.com", "free@example.com", "mallory's own password"
	onBoth(t, mailing, func(t *testing.T, f *fixture) {
		alice := f.verified(t, "alice")
		for _, name := range []string{free, taken} {
			mallory, err := f.Register(f.ctx, visitor, Account{Username: name, Password: others})
			if err != nil {
				t.Fatal(err)
			}
			g, err := f.Login(f.ctx, visitor, Account{Username: name, Password: others}, "")
			if err != nil || g.User.ID != mallory.User.ID {
				t.Errorf("%s: got %v, %v", name, g.User, err)
			}
			_, err = f.Login(f.ctx, visitor, Account{Username: name, Password: "a wrong password"}, "")
			wantCode(t, name, err, CodeInvalidCredentials)
		}
		g, err := f.Login(f.ctx, visitor, Account{Username: taken, Password: goodPassword}, "")
		if err != nil || g.User.Username != "alice" {
			t.Errorf("the owner of the address: got %v, %v", g.User, err)
		}
		_ = alice
	})
}

func TestTheStatementsOfASignInDoNotTellWhoseAddressAUsernameIs(t *testing.T) {
	t.Parallel()
	trace := &statements{}
	st, err := postgres.Open(t.Context(), postgres.Config{URL: storetest.Postgres(t), MaxConnections: 1, Tracer: trace})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	f := newFixture(t, st, func(c *Config) {
		mailing(c)
		c.Accounts.Free, c.Accounts.FreeAnywhere = 100, 100
	})
	f.verified(t, "alice")
	names := []string{"free@example.com", "alice@example.com"}
	for _, name := range names {
		if _, err := f.Register(f.ctx, visitor, Account{Username: name, Password: goodPassword + "2"}); err != nil {
			t.Fatal(err)
		}
	}
	for password, want := range map[string]Code{goodPassword + "2": "", "a wrong password": CodeInvalidCredentials} {
		do := func(name string) []string {
			return trace.during(func() {
				wantCode(t, name, errorOf(f.Login(f.ctx, visitor, Account{Username: name, Password: password}, "")), want)
			})
		}
		do(names[0]) // prepares the statements
		if free, taken := do(names[0]), do(names[1]); !slices.Equal(free, taken) {
			t.Errorf("the statements are\n%q, for a free address\n%q", taken, free)
		}
	}
}
