package sqlite_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/sqlite"
	"github.com/authctl/authctl/store/storetest"
)

// BenchmarkRotate measures rotations on a disk, where TMPDIR must be: those of one caller, and those
// of callers that wait for the one writer together. Each caller has a session of its own.
func BenchmarkRotate(b *testing.B) {
	for _, callers := range []int{1, 8, 64, 200} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s := open(b, sqlite.Config{Path: storetest.SQLite(b)})
			turns := make(chan struct{}, callers)
			var group sync.WaitGroup
			for i := range callers {
				o := signIn(b, s, fmt.Sprint("user", i))
				group.Go(func() {
					for range turns {
						if err := o.rotate(s); err != nil {
							b.Error(err)
						}
					}
				})
			}
			began := s.Stats().Batches.Size
			b.ReportAllocs()
			for b.Loop() {
				turns <- struct{}{}
			}
			close(turns)
			group.Wait()
			if commits := s.Stats().Batches.Size.Count - began.Count; commits > 0 {
				b.ReportMetric(float64(b.N)/float64(commits), "rotations/commit")
			}
		})
	}
}

// owner holds the current token of a session.
type owner struct {
	user    uuid.UUID
	session uuid.UUID
	step    int64
}

func (o *owner) hash(step int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", o.session, step))
	return hex.EncodeToString(sum[:])
}

// signIn creates a user and starts a session.
func signIn(t testing.TB, s store.Store, name string) *owner {
	t.Helper()
	o := &owner{user: uuid.New(), session: uuid.New(), step: 1}
	now := time.Now()
	e := store.Event{Action: store.ActionLogin, At: now, Actor: "test", UserID: o.user, SessionID: o.session}
	_, err := s.CreateUser(t.Context(), store.NewUser{ID: o.user, Username: name, Folded: name, PasswordHash: "hash", CreatedAt: now}, e)
	if err != nil {
		t.Fatal(err)
	}
	started, err := s.StartSession(t.Context(), store.NewSession{ID: o.session, UserID: o.user, TokenHash: o.hash(1), Step: 1,
		CreatedAt: now, ExpiresAt: now.Add(time.Hour), AbsoluteExpiresAt: now.Add(time.Hour), PasswordHash: "hash"}, e)
	if err != nil || !started {
		t.Fatal(started, err)
	}
	return o
}

// rotation returns the rotation of the owner's token.
func (o *owner) rotation() store.Rotation {
	now := time.Now()
	return store.Rotation{SessionID: o.session, TokenHash: o.hash(o.step), Step: o.step, NextHash: o.hash(o.step + 1), NextStep: o.step + 1,
		Successor: make([]byte, 32), At: now, ExpiresAt: now.Add(time.Hour), RetryWindow: 10 * time.Second}
}

// rotate exchanges the owner's token.
func (o *owner) rotate(s store.Store) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	result, err := s.Rotate(ctx, o.rotation(), store.Event{Action: store.ActionRefreshRefused, At: time.Now(), Actor: "test"})
	if err == nil && result.Outcome != store.Rotated {
		err = fmt.Errorf("outcome %s", result.Outcome)
	}
	o.step++
	return err
}

// another returns one more session of the owner, to start.
func (o *owner) another() store.NewSession {
	now, id := time.Now(), uuid.New()
	return store.NewSession{ID: id, UserID: o.user, TokenHash: (&owner{session: id}).hash(1), Step: 1,
		CreatedAt: now, ExpiresAt: now.Add(time.Hour), AbsoluteExpiresAt: now.Add(time.Hour), PasswordHash: "hash"}
}

func (o *owner) event(a store.Action) store.Event {
	return store.Event{Action: a, At: time.Now(), Actor: "test", UserID: o.user}
}
