package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/batch"
)

// held is a store whose workers are busy: each has a rotation that waits for a lock which a
// connection of the test holds. What is asked of the store waits, and travels together once it is
// let go.
type held struct {
	*fixture
	conn    *sql.Conn // holds the lock, in a transaction
	begun   batch.Stats
	workers int // all of them
	asked   sync.WaitGroup
}

// mostWorkers is more than the workers of any store.
const mostWorkers = 12

// hold opens the store again, and makes its workers busy. Nothing can be written beside the calls
// that wait, except on conn.
func (f *fixture) hold() *held {
	f.Helper()
	f.store = f.backend.OpenPatient(f, f.where)
	u := f.user("holder " + uuid.NewString())
	var sessions []store.NewSession
	for i := range mostWorkers + 1 {
		sessions = append(sessions, f.session(u, fmt.Sprint(u.Username, i)))
	}
	conn, err := f.db.Conn(f.ctx)
	f.ok("connect", err)
	f.Cleanup(func() { conn.Close() })
	h := &held{fixture: f, conn: conn, begun: f.store.Stats().Batches}
	h.exec(f.locking())
	for i, n := range sessions {
		token := fmt.Sprint(u.Username, i)
		ctx, leave := context.WithCancel(f.ctx)
		f.Cleanup(leave)
		if waits := h.begin(func() { f.store.Rotate(ctx, rotation(n.ID, token, token+" next", noon), refresh(noon)) }); waits {
			leave() // it has shown that the workers are busy
			for f.store.Stats().Batches.Waiting > 0 {
				time.Sleep(20 * time.Microsecond)
			}
			return h
		}
		h.workers++
	}
	f.Fatalf("%d rotations are under way, each by itself, and none waits for others", len(sessions))
	return nil
}

// locking begins a transaction that keeps others from writing sessions.
func (f *fixture) locking() string {
	if f.backend.Name == "sqlite" {
		return `BEGIN IMMEDIATE`
	}
	return `BEGIN; LOCK TABLE refresh_tokens IN EXCLUSIVE MODE`
}

// exec runs a statement on the connection that holds the lock.
func (h *held) exec(statement string) {
	h.Helper()
	_, err := h.conn.ExecContext(h.ctx, statement)
	h.ok(statement, err)
}

// ask starts a call, which must wait. Calls wait in the order in which they were started.
func (h *held) ask(do func()) {
	h.Helper()
	if !h.begin(do) {
		h.Fatal("the call does not wait for those that are under way")
	}
}

// rotates asks for a rotation whose result is then in the slot returned.
func (h *held) rotates(r store.Rotation) *rotated {
	h.Helper()
	got := &rotated{Rotation: r}
	h.ask(func() { got.result, got.err = h.store.Rotate(h.ctx, r, refresh(noon)) })
	return got
}

// rotated is a rotation and its result.
type rotated struct {
	store.Rotation
	result store.RotateResult
	err    error
}

// beside starts a change of another kind. SQLite carries it out in the batch of the rotations that
// wait, PostgreSQL by itself.
func (h *held) beside(do func()) {
	h.Helper()
	if h.backend.Name == "sqlite" {
		h.ask(do)
	} else {
		h.asked.Go(do)
	}
}

// begin starts a call and reports whether it waits. Otherwise it is under way, or has returned.
func (h *held) begin(do func()) (waits bool) {
	h.Helper()
	before := h.store.Stats().Batches
	returned := make(chan struct{})
	h.asked.Go(func() {
		defer close(returned)
		do()
	})
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Microsecond) {
		switch now := h.store.Stats().Batches; {
		case now.Waiting > before.Waiting:
			return true
		case now.Size.Count > before.Size.Count:
			return false
		}
		select {
		case <-returned:
			return false
		default:
		}
	}
	h.Fatal("the call neither waits nor is carried out")
	return false
}

// letGo commits what conn has done, waits for all calls, and checks that those travelled in one
// batch that waited.
func (h *held) letGo() {
	h.Helper()
	h.release()
	h.finish(1)
}

// release commits what conn has done.
func (h *held) release() {
	h.Helper()
	h.exec(`COMMIT`)
	h.conn.Close()
}

// finish waits for all calls, and checks that those that waited travelled in at most so many batches.
func (h *held) finish(most int) {
	h.Helper()
	h.asked.Wait()
	now := h.store.Stats().Batches
	if n := int(now.Size.Count-h.begun.Size.Count) - h.workers; n < 1 || n > most {
		h.Errorf("those that waited travelled in %d batches, want at most %d", n, most)
	}
	equal(h, "calls that wait", now.Waiting, 0)
}
