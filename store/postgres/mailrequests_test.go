package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// texts remembers the statements that go to the server.
type texts struct {
	mu  sync.Mutex
	sql []string
}

func (r *texts) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sql = append(r.sql, data.SQL)
	return ctx
}
func (r *texts) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// of returns the statements of do.
func (r *texts) of(do func()) []string {
	r.mu.Lock()
	r.sql = nil
	r.mu.Unlock()
	do()
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.sql)
}

func TestARequestForMailTakesTheSameStatementsWhateverIsFound(t *testing.T) {
	t.Parallel()
	trace := &texts{}
	s := open(t, postgres.Config{URL: storetest.Postgres(t), Tracer: trace})
	p := newSomeone(t, s)
	someone := func(name string, a store.Address) store.User {
		u, err := s.CreateUser(p.ctx, store.NewUser{ID: uuid.New(), Username: name, Folded: name, CreatedAt: at}, login)
		p.ok(err)
		u, err = s.SetEmail(p.ctx, u.ID, a, nil, login)
		p.ok(err)
		return u
	}
	someone("known", store.Address{Text: "known@example.com", Folded: "known@example.com", Verified: true})
	someone("unverified", store.Address{Text: "unverified@example.com", Folded: "unverified@example.com"})
	disabled := someone("disabled", store.Address{Text: "disabled@example.com", Folded: "disabled@example.com", Verified: true})
	_, err := s.DisableUser(p.ctx, disabled.ID, login)
	p.ok(err)
	mail := func() store.NewMail {
		return store.NewMail{ID: uuid.New(), Kind: store.MailReset, MessageID: "x@example.com", ExpiresAt: at.Add(time.Minute)}
	}
	token := func() store.NewMailToken {
		return store.NewMailToken{Hash: hashOf(uuid.NewString()), ExpiresAt: at.Add(time.Hour)}
	}
	limits := map[store.MailDecision]store.MailLimits{
		store.MailQueued: {}, store.MailOverUser: {PerUser: 1}, store.MailOverRecipient: {PerRecipient: 1}, store.MailOverAll: {All: 1},
	}
	var resets []string
	for _, tt := range []struct {
		name, email, username string
		want                  store.MailDecision
	}{
		{"known address", "known@example.com", "known@example.com", store.MailQueued},
		{"known name", "", "known", store.MailQueued},
		{"nobody", "nobody@example.com", "nobody@example.com", store.MailNobody},
		{"impossible", "", "", store.MailNobody},
		{"no address", "", "alice", store.MailNobody},
		{"unverified", "unverified@example.com", "unverified", store.MailNobody},
		{"disabled", "disabled@example.com", "", store.MailNobody},
		{"user's limit", "", "known", store.MailOverUser},
		{"address's limit", "", "known", store.MailOverRecipient},
		{"limit of all", "", "known", store.MailOverAll},
		{"limit of all, nobody", "", "nobody", store.MailOverAll},
	} {
		got := trace.of(func() {
			decision, err := s.RequestReset(p.ctx, store.ResetRequest{Email: tt.email, Username: tt.username, Mail: mail(), Token: token(), Limits: limits[tt.want]}, login)
			p.ok(err)
			if decision != tt.want {
				t.Errorf("%s: got %s, want %s", tt.name, decision, tt.want)
			}
		})
		if resets == nil {
			resets = got
		}
		if !slices.Equal(got, resets) {
			t.Errorf("%s took\n%q\nwant\n%q", tt.name, got, resets)
		}
	}
	var verifications []string
	for _, tt := range []struct {
		name, address string
		user          uuid.UUID
		want          store.MailDecision
	}{
		{"free", "free@example.com", p.user.ID, store.MailQueued},
		{"taken", "known@example.com", p.user.ID, store.MailQueued},
		{"of a disabled user", "disabled@example.com", p.user.ID, store.MailQueued},
		{"unverified by another", "unverified@example.com", p.user.ID, store.MailQueued},
		{"user's limit", "free@example.com", p.user.ID, store.MailOverUser},
		{"user's limit, taken", "known@example.com", p.user.ID, store.MailOverUser},
		{"address's limit", "free@example.com", p.user.ID, store.MailOverRecipient},
		{"address's limit, taken", "known@example.com", p.user.ID, store.MailOverRecipient},
		{"limit of all", "free@example.com", p.user.ID, store.MailOverAll},
		{"by a disabled user", "free@example.com", disabled.ID, store.MailNobody},
		{"by nobody", "free@example.com", uuid.New(), store.MailNobody},
	} {
		notice := mail()
		got := trace.of(func() {
			decision, err := s.RequestVerification(p.ctx, store.VerificationRequest{
				UserID: tt.user, Address: store.Address{Text: tt.address, Folded: tt.address},
				Mail: mail(), Token: token(), Limits: limits[tt.want], Notice: &notice,
			}, login)
			p.ok(err)
			if decision != tt.want {
				t.Errorf("%s: got %s, want %s", tt.name, decision, tt.want)
			}
		})
		if verifications == nil {
			verifications = got
		}
		if !slices.Equal(got, verifications) {
			t.Errorf("%s took\n%q\nwant\n%q", tt.name, got, verifications)
		}
	}
	var creations []string
	for name, address := range map[string]string{
		"free": "new@example.com", "taken": "known@example.com", "taken by a disabled user": "disabled@example.com", "unverified by another": "unverified@example.com",
	} {
		got := trace.of(func() {
			_, err := s.CreateUser(p.ctx, store.NewUser{
				ID: uuid.New(), Username: name, Folded: name, CreatedAt: at, Email: store.Address{Text: address, Folded: address},
				Verification: &store.VerificationRequest{Mail: mail(), Token: token()},
			}, login)
			p.ok(err)
		})
		if creations == nil {
			creations = got
		}
		if !slices.Equal(got, creations) {
			t.Errorf("a user with an address that is %s took\n%q\nwant\n%q", name, got, creations)
		}
	}
	if len(creations) < 5 || len(resets) < 5 || len(verifications) < 5 {
		t.Error(fmt.Sprint("the tracer saw ", len(resets), " and ", len(verifications), " statements"))
	}
}
