package mail

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	netmail "net/mail"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/sqlite"
	"github.com/authctl/authctl/store/storetest"
)

// world is an installation: a database, a clock that stands still, and the tries so far.
type world struct {
	*testing.T
	open  func() store.Store // another process on the same database
	store store.Store

	mu    sync.Mutex
	at    time.Time
	tries []Try
}

// onBothStores runs a story on SQLite and on PostgreSQL.
func onBothStores(t *testing.T, story func(w *world)) {
	t.Helper()
	for name, make := range map[string]func(*testing.T) *world{"sqlite": newSQLiteWorld, "postgres": newPostgresWorld} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(make(t))
		})
	}
}

func newSQLiteWorld(t *testing.T) *world {
	t.Helper()
	path := storetest.SQLite(t)
	return newWorld(t, func() (store.Store, error) { return sqlite.Open(t.Context(), sqlite.Config{Path: path}) })
}

func newPostgresWorld(t *testing.T) *world {
	t.Helper()
	url := storetest.Postgres(t)
	return newWorld(t, func() (store.Store, error) { return postgres.Open(t.Context(), postgres.Config{URL: url}) })
}

func newWorld(t *testing.T, connect func() (store.Store, error)) *world {
	t.Helper()
	w := &world{T: t, at: time.Date(2031, 5, 6, 12, 0, 0, 0, time.UTC)}
	w.open = func() store.Store {
		s, err := connect()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	w.store = w.open()
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func (w *world) tried() []Try {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]Try(nil), w.tries...)
}

// tokenOf returns the token of a mail, which depends on nothing but its id.
func tokenOf(id uuid.UUID) string {
	sum := sha256.Sum256(append([]byte("token"), id[:]...))
	return hex.EncodeToString(sum[:])
}

func hashOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// reset makes a user of that name, who asks for a link that expires in 30 minutes.
func (w *world) reset(name string) uuid.UUID {
	w.Helper()
	now := w.now()
	address := store.Address{Text: name + "@example.test", Folded: name + "@example.test", Verified: true}
	user := store.NewUser{ID: uuid.New(), Username: name, Folded: name, PasswordHash: "$argon2id$", CreatedAt: now, Email: address}
	if _, err := w.store.CreateUser(w.Context(), user, store.Event{Action: store.ActionUserCreated, At: now}); err != nil {
		w.Fatal(err)
	}
	id, until := uuid.New(), now.Add(30*time.Minute)
	decision, err := w.store.RequestReset(w.Context(), store.ResetRequest{
		Email: address.Folded, Token: store.NewMailToken{Hash: hashOf(tokenOf(id)), ExpiresAt: until},
		Mail: store.NewMail{ID: id, Kind: store.MailReset, MessageID: id.String() + "@example.com", ExpiresAt: until.Add(-10 * time.Minute)},
	}, store.Event{Action: store.ActionResetRequested, At: now, RemoteAddr: "192.0.2.1", UserAgent: "agent"})
	if err != nil || decision != store.MailQueued {
		w.Fatalf("request reset: %v, %v", decision, err)
	}
	return id
}

// worker returns a worker of another process.
func (w *world) worker(send Sender) *Worker {
	w.Helper()
	worker := New(Config{
		Outbox: w.open(), Send: send, Now: w.now, MaxPerHour: func() int { return 0 },
		Token: func(m store.Mail) (string, error) {
			if token := tokenOf(m.ID); hashOf(token) == m.TokenHash {
				return token, nil
			}
			return "", errors.New("no secret makes this token")
		},
		Compose: func(m store.Mail, token string) (Message, error) {
			return Message{
				ID: m.ID, MessageID: m.MessageID, Date: m.CreatedAt, From: netmail.Address{Address: "login@example.com"}, To: m.Recipient,
				Subject: "Reset", Text: "https://login.example.com/#token=" + token, HTML: "<p>" + token, Link: "https://login.example.com/#token=" + token,
			}, nil
		},
		Done:   func(is Try) { w.mu.Lock(); defer w.mu.Unlock(); w.tries = append(w.tries, is) },
		Failed: func(err error) { w.Errorf("the database fails: %v", err) },
	})
	worker.pause = time.Millisecond
	return worker
}

// step makes one pass, and says how many mails it tried.
func (w *world) step(worker *Worker, want int) {
	w.Helper()
	if got, err := worker.Pass(w.Context()); err != nil || got != want {
		w.Fatalf("a pass tried %d mails, want %d: %v; so far %+v", got, want, err, w.tried())
	}
}

// mail returns a row of the outbox.
func (w *world) mail(id uuid.UUID) store.Mail {
	w.Helper()
	mails, _, err := w.store.Mails(w.Context(), store.MailPage{Limit: 1000})
	if err != nil {
		w.Fatal(err)
	}
	for _, m := range mails {
		if m.ID == id {
			return m
		}
	}
	w.Fatalf("no mail %s", id)
	return store.Mail{}
}

// is checks the state of a mail, and why its latest try failed.
func (w *world) is(id uuid.UUID, state store.MailState, class Class) {
	w.Helper()
	if m := w.mail(id); m.State != state || m.Class != string(class) {
		w.Errorf("the mail is %s, class %q; want %s, %q", m.State, m.Class, state, class)
	}
}

// inbox is a sender that remembers what it was given.
type inbox struct {
	mu   sync.Mutex
	got  []Message
	does func(n int) Result // the answer to the nth message; nil takes all
}

func (b *inbox) send(_ context.Context, m Message) Result {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.got = append(b.got, m)
	if b.does == nil {
		return Result{Sent: true}
	}
	return b.does(len(b.got))
}

func (b *inbox) links() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	links := map[string]int{}
	for _, m := range b.got {
		links[m.Link]++
	}
	return links
}

func name(i int) string { return fmt.Sprintf("user-%d", i) }
