package postgres_test

import (
	"testing"

	"github.com/google/uuid"

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
	next := "another " + token
	b.ReportAllocs()
	for b.Loop() {
		if o := p.rotate(id, token, next); o != store.Rotated {
			b.Fatal(o)
		}
		token, next = next, token
	}
}
