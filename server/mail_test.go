package server_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// mailing turns e-mail on. Nothing sends the mail; tests read the outbox.
func mailing(s *setup) {
	s.authn.Mail = authn.MailRules{Mode: authn.EmailOptional, Domain: "auth.example", Notices: authn.Notices()}
}

// fields is a body of names and values.
func fields(pairs ...string) string {
	body := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		body[pairs[i]] = pairs[i+1]
	}
	b, _ := json.Marshal(body)
	return string(b)
}

// mails returns the outbox, newest first.
func (f *fixture) mails() []store.Mail {
	f.t.Helper()
	mails, _, err := f.store.Mails(context.Background(), store.MailPage{Limit: 1000})
	if err != nil {
		f.t.Fatal(err)
	}
	return mails
}

// mailed returns the kinds of mail to an address, sorted.
func (f *fixture) mailed(to string) (kinds []string) {
	f.t.Helper()
	for _, m := range f.mails() {
		if m.Recipient == to {
			kinds = append(kinds, string(m.Kind))
		}
	}
	slices.Sort(kinds)
	return kinds
}

// link returns the token of the newest link of a kind to an address.
func (f *fixture) link(kind store.MailKind, to string) string {
	f.t.Helper()
	for _, m := range f.mails() {
		if m.Kind == kind && m.Recipient == to {
			token, err := f.svc.MailToken(m)
			if err != nil {
				f.t.Fatal(err)
			}
			f.noteToken(token)
			return token
		}
	}
	f.t.Fatalf("no %s was mailed to %s, only %v", kind, to, f.mails())
	return ""
}

// withEmail returns a browser that has signed up with an address, verified it, and signed in.
func (f *fixture) withEmail(username, email string) *browser {
	f.t.Helper()
	b := f.browser()
	b.name = username
	b.post("/register", fields("username", username, "password", password, "email", email)).want(f.t, 201)
	b.post("/email/verify", fields("token", f.link(store.MailVerify, email))).want(f.t, 200)
	b.post("/login", account(username, password)).want(f.t, 200)
	return b
}

// another returns another browser in which the user has signed in.
func (b *browser) another() *browser {
	b.f.t.Helper()
	c := b.f.browser()
	c.name = b.name
	c.post("/login", account(b.name, password)).want(b.f.t, 200)
	return c
}

// forgotten asks for a link to reset the password, and returns its token.
func (f *fixture) forgotten(identifier, email string) string {
	f.t.Helper()
	f.send(request{method: "POST", path: "/password/forgot", body: fields("identifier", identifier)}).want(f.t, 202)
	return f.link(store.MailReset, email)
}

// email returns what /profile says of the address.
func (b *browser) email() (email string, verified bool) {
	b.f.t.Helper()
	var p struct {
		Email    *string
		Verified *bool `json:"email_verified"`
	}
	a := b.get("/profile").want(b.f.t, 200)
	if err := json.Unmarshal(a.body, &p); err != nil || p.Verified == nil {
		b.f.t.Fatalf("%v in %s", err, a.body)
	}
	if p.Email == nil {
		return "", *p.Verified
	}
	return *p.Email, *p.Verified
}

// statements notes every statement that a PostgreSQL connection sends.
type statements struct {
	mu   sync.Mutex
	sent []string
}

func (s *statements) note(sql string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, sql)
}

// take returns the statements since the last call.
func (s *statements) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.sent = nil }()
	return s.sent
}

func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	s.note(d.SQL)
	return ctx
}

func (s *statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (s *statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (s *statements) TraceBatchQuery(_ context.Context, _ *pgx.Conn, d pgx.TraceBatchQueryData) {
	s.note(d.SQL)
}

func (s *statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

var (
	_ pgx.QueryTracer = (*statements)(nil)
	_ pgx.BatchTracer = (*statements)(nil)
)
