package authn

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// statements records the text of every statement.
type statements struct {
	mu  sync.Mutex
	all []string
}

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, d.SQL)
	return ctx
}

func (*statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// during returns the statements of a function.
func (s *statements) during(do func()) []string {
	s.mu.Lock()
	s.all = nil
	s.mu.Unlock()
	do()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all
}

// TestTheStatementsDoNotTellWhoHasAnAccount has everything that a stranger may ask for. The time of
// an answer follows from its statements.
func TestTheStatementsDoNotTellWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	trace := &statements{}
	st, err := postgres.Open(t.Context(), postgres.Config{URL: storetest.Postgres(t), MaxConnections: 1, Tracer: trace})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	f := newFixture(t, st, func(c *Config) {
		mailing(c)
		c.Mail.MaxPerUser = 4
		c.Accounts.Free, c.Accounts.FreeAnywhere = 100, 100
	})
	f.verified(t, "alice")
	f.register(t, "bare")
	f.verified(t, "dora")
	if _, err := f.DisableUser(f.ctx, visitor, "dora"); err != nil {
		t.Fatal(err)
	}
	f.forgot(t, "alice")
	g := f.signIn(t, "bare")
	who := f.who(t, g)
	for what, tt := range map[string]struct {
		inputs []string
		do     func(input string) error
		want   Code
	}{
		"forgot": {
			[]string{"nobody", "nobody@example.com", "a@@b", "", "alice", "alice@example.com", "alice", "alice", "bare", "dora", "dora@example.com"},
			func(identifier string) error { return f.ForgotPassword(f.ctx, visitor, identifier, "de") }, "",
		},
		"sign-in with an address": {
			[]string{"nobody@example.com", "alice@example.com", "dora@example.com", "a@@b", "ü@example.com"},
			func(name string) error {
				return errorOf(f.Login(f.ctx, visitor, Account{Username: name, Password: "wrong"}, ""))
			}, CodeInvalidCredentials,
		},
		"change of address": {
			[]string{"free@example.com", "alice@example.com"},
			func(email string) error { return f.ChangeEmail(f.ctx, visitor, who, email, goodPassword, "de") }, "",
		},
		"registration": {
			[]string{"another@example.com", "alice@example.com", "dora@example.com"},
			func(email string) error {
				name := "new-" + email[:3]
				return errorOf(f.Register(f.ctx, visitor, Account{Username: name, Password: goodPassword, Email: email}))
			}, "",
		},
	} {
		do := func(input string) []string {
			return trace.during(func() { wantCode(t, what+" "+input, tt.do(input), tt.want) })
		}
		do(tt.inputs[0]) // prepares the statements
		if what == "registration" {
			if _, err := f.DeleteUser(f.ctx, visitor, "new-"+tt.inputs[0][:3]); err != nil {
				t.Fatal(err)
			}
		}
		want := do(tt.inputs[0])
		if len(want) < 3 {
			t.Errorf("%s: only %d statements were seen", what, len(want))
		}
		for _, input := range tt.inputs[1:] {
			if got := do(input); !slices.Equal(got, want) {
				t.Errorf("%s %q: the statements are\n%q, want\n%q", what, input, got, want)
			}
		}
	}
}
