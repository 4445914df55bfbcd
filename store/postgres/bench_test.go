package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

func BenchmarkAccess(b *testing.B) {
	s := open(b, postgres.Config{URL: storetest.Postgres(b)})
	p := newSomeone(b, s)
	id, _ := p.signIn("", uuid.Nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Access(p.ctx, p.user.ID, id); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRotate(b *testing.B) {
	s := open(b, postgres.Config{URL: storetest.Postgres(b)})
	p := newSomeone(b, s)
	id, token := p.signIn("", uuid.Nil)
	next := hashOf("another " + token)
	b.ReportAllocs()
	for b.Loop() {
		if o := p.rotate(id, token, next); o != store.Rotated {
			b.Fatal(o)
		}
		token, next = next, token
	}
}

func BenchmarkLogin(b *testing.B) {
	s := open(b, postgres.Config{URL: storetest.Postgres(b)})
	p := newSomeone(b, s)
	a := attempt(at)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.BeginLogin(p.ctx, a); err != nil {
			b.Fatal(err)
		}
		p.signIn("", uuid.Nil)
	}
}

// BenchmarkEndEveryone measures what ending everybody's sessions takes, and deleting
// a thousand of the rows afterwards, by the number of sessions there are.
func BenchmarkEndEveryone(b *testing.B) {
	for _, n := range []int{1_000, 100_000, 1_000_000} {
		url := storetest.Postgres(b)
		s := open(b, postgres.Config{URL: url})
		fillSessions(b, url, n)
		b.Run(fmt.Sprintf("sessions=%d/effect", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.EndSessions(b.Context(), store.Everyone(), login); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("sessions=%d/delete", n), func(b *testing.B) {
			page, deleted := store.DeadSessionPage{ExpiredBefore: at, Limit: 1000}, 0
			for b.Loop() {
				rows, next, err := s.DeleteDeadSessions(b.Context(), page)
				if err != nil {
					b.Fatal(err)
				}
				page.After, deleted = next, deleted+rows // begins anew when none are left
			}
			b.ReportMetric(float64(deleted)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func fillSessions(b *testing.B, url string, n int) {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	const id = `('00000000-0000-8000-8000-' || lpad(to_hex(i), 12, '0'))::uuid`
	for _, fill := range []string{`
INSERT INTO users (id, username, username_folded)
SELECT ` + id + `, 'user' || i, 'user' || i FROM generate_series(0, 999) i`, `
INSERT INTO refresh_tokens (id, user_id, token_hash, expires_at, absolute_expires_at, last_used_at, installation_generation, user_generation)
SELECT gen_random_uuid(), ` + strings.Replace(id, "(i)", "(i % 1000)", 1) + `, 'token' || i, now() + interval '7 days', now() + interval '30 days', now(), 0, 0
FROM generate_series(1, $1::int) i`} {
		var args []any
		if strings.Contains(fill, "$1") {
			args = []any{n}
		}
		if _, err := conn.Exec(b.Context(), fill, args...); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkImport takes in users by the thousand; users/s is what one process gets.
func BenchmarkImport(b *testing.B) {
	s := open(b, postgres.Config{URL: storetest.Postgres(b)})
	const batch = 1000
	for b.Loop() {
		users := make([]store.ImportedUser, batch)
		for i := range users {
			id := uuid.New()
			users[i] = store.ImportedUser{NewUser: store.NewUser{ID: id, Username: id.String(), Folded: id.String(), PasswordHash: "x", CreatedAt: at}, PasswordChangedAt: at}
		}
		if _, err := s.ImportUsers(b.Context(), users, login); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "users/s")
}
