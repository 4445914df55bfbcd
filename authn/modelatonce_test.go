package authn

import (
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/sqlite"
)

// tabs are clients of one session that present tokens at the same time.
type tabs struct {
	session *modelSession
	token   modelToken
	stale   int // so many of them present the token before instead
	grants  []Grant
	errs    []error
}

// atOnceActions has many sessions refresh at the same time, each in several tabs, so that the
// database carries out batches.
func (w *world) atOnceActions(db *database) map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){"refresh at once": func(t *rapid.T) {
		if len(w.sessions) == 0 {
			t.Skip("nobody has signed in")
		}
		var all []*tabs
		for i, s := range rapid.Permutation(w.sessions).Draw(t, "sessions")[:min(len(w.sessions), 8)] {
			all = append(all, w.anyTabs(t, s, fmt.Sprint(" of session ", i)))
		}
		now := w.f.now()
		requests, asking := 0, sync.WaitGroup{}
		letGo := db.makeWait(t, w.f.store)
		for _, b := range all {
			requests += len(b.grants)
			for i := range b.grants {
				token := b.token
				if i < b.stale {
					token = b.session.tokens[len(b.session.tokens)-2]
				}
				asking.Go(func() { b.grants[i], b.errs[i] = w.f.Refresh(w.f.ctx, visitor, token.secret) })
			}
		}
		letGo(requests)
		asking.Wait()
		for _, b := range all {
			w.answered(t, b, now)
		}
	}}
}

// anyTabs draws how many tabs of a session wake, and what they present: mostly the current token,
// some of them the one before if that is within its window.
func (w *world) anyTabs(t *rapid.T, s *modelSession, which string) *tabs {
	n := rapid.IntRange(1, 4).Draw(t, "tabs"+which)
	back := min(rapid.SampledFrom([]int{0, 0, 0, 0, 0, 0, 1, 1, 2, 9}).Draw(t, "back"+which), len(s.tokens)-1)
	b := &tabs{session: s, token: s.tokens[len(s.tokens)-1-back], grants: make([]Grant, n), errs: make([]error, n)}
	if len(s.lost) > 0 && rapid.Bool().Draw(t, "lost"+which) {
		b.token = rapid.SampledFrom(s.lost).Draw(t, "lost token"+which)
	} else if now := w.f.now(); back == 0 && s.alive(now) && len(s.tokens) > 1 && s.kept > 0 && w.waited(s.tokens[len(s.tokens)-2], now) <= w.f.retry {
		b.stale = rapid.IntRange(0, n-1).Draw(t, "stale"+which)
	}
	return b
}

// answered compares what the tabs of a session got with the model. One of them was the first.
func (w *world) answered(t *rapid.T, b *tabs, now time.Time) {
	s, before := b.session, b.session.current().secret
	code, outcome := w.refresh(s, b.token, now)
	got := map[store.Outcome]int{}
	for i, g := range b.grants {
		if got[g.Outcome]++; g.Outcome == store.Rotated {
			w.rotate(s, g, now)
		}
		if want := code; g.Outcome != outcome {
			if want = ""; s.gone {
				want = CodeUnauthenticated
			}
			check(t, "refresh at once, not the first", b.errs[i], want)
		} else {
			check(t, "refresh at once", b.errs[i], code)
		}
	}
	want := map[store.Outcome]int{outcome: len(b.grants)}
	switch outcome {
	case store.Rotated:
		want = map[store.Outcome]int{store.Rotated: 1, store.Retried: len(b.grants) - 1}
	case store.Reused, store.Lost, store.Revoked, store.Disabled:
		want = map[store.Outcome]int{outcome: 1, store.Unknown: len(b.grants) - 1}
	}
	maps.DeleteFunc(want, func(_ store.Outcome, n int) bool { return n == 0 })
	if !maps.Equal(got, want) {
		t.Fatalf("refresh at once: got %v, want %v", got, want)
	}
	for i, g := range b.grants {
		if code != "" {
			continue
		}
		if g.RefreshToken != s.current().secret && !(i < b.stale && g.RefreshToken == before) { // that of before the rotation
			t.Fatalf("refresh at once: tab %d of %d did not get the newest token", i, len(b.grants))
		}
		s.access = append(s.access, g)
	}
}

// makeWait makes changes of a SQLite file wait, so that they travel together. They take so little
// time in memory that few of them meet otherwise. It returns the function that lets them go once
// there are as many.
func (db *database) makeWait(t failer, s store.Store) (letGo func(changes int)) {
	t.Helper()
	if _, lite := s.(*sqlite.Store); !lite {
		return func(int) {}
	}
	conn, err := db.Conn(db.ctx)
	if err == nil {
		_, err = conn.ExecContext(db.ctx, `BEGIN IMMEDIATE`)
	}
	if err != nil {
		t.Fatalf("take the write lock: %v", err)
	}
	return func(changes int) {
		for deadline := time.Now().Add(20 * time.Second); s.Stats().Batches.Waiting < changes-1; time.Sleep(20 * time.Microsecond) {
			if time.Now().After(deadline) {
				t.Fatalf("of %d changes not all wait but the first", changes)
			}
		}
		if _, err := conn.ExecContext(db.ctx, `COMMIT`); err != nil {
			t.Fatalf("release the write lock: %v", err)
		}
		conn.Close()
	}
}

// wantBatches requires that changes have travelled together.
func (f *fixture) wantBatches(t *testing.T) {
	t.Helper()
	if size := f.store.Stats().Batches.Size; size.Sum <= float64(size.Count) {
		t.Errorf("%.0f changes in %d batches: none have travelled together", size.Sum, size.Count)
	} else {
		t.Logf("%.0f changes in %d batches", size.Sum, size.Count)
	}
}
