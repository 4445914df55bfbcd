package postgres_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// BenchmarkRotations compares the rotations of 64 sessions at the same time, batched and with one
// statement each, by turns.
func BenchmarkRotations(b *testing.B) {
	const sessions = 64
	s := open(b, postgres.Config{URL: storetest.Postgres(b)})
	p := newSomeone(b, s)
	var ids [sessions]uuid.UUID
	var tokens [sessions]string
	for i := range ids {
		ids[i], tokens[i] = p.signIn("", uuid.Nil)
	}
	round := func(rotate func(context.Context, store.Rotation) (store.RotateResult, error)) time.Duration {
		began := time.Now()
		var wg sync.WaitGroup
		for i, id := range ids {
			wg.Go(func() {
				for range 20 {
					next := hashOf("after " + tokens[i])
					r, err := rotate(p.ctx, store.Rotation{SessionID: id, TokenHash: tokens[i], NextHash: next, Successor: make([]byte, 32),
						At: at, ExpiresAt: at.Add(time.Hour), RetryWindow: time.Second})
					if err != nil || r.Outcome != store.Rotated {
						b.Errorf("got %s, %v", r.Outcome, err)
					}
					tokens[i] = next
				}
			})
		}
		wg.Wait()
		return time.Since(began)
	}
	batched := func(ctx context.Context, r store.Rotation) (store.RotateResult, error) {
		return s.Rotate(ctx, r, login)
	}
	round(batched) // prepares the statements
	round(s.RotateAlone)
	before := s.Stats().Batches.Size
	var together, alone time.Duration
	for b.Loop() {
		together += round(batched)
		alone += round(s.RotateAlone)
	}
	perRotation := float64(b.N * sessions * 20)
	size := s.Stats().Batches.Size
	b.ReportMetric(float64(together.Microseconds())/perRotation, "batched-µs/rotation")
	b.ReportMetric(float64(alone.Microseconds())/perRotation, "alone-µs/rotation")
	b.ReportMetric(float64(alone)/float64(together), "times-faster")
	b.ReportMetric((size.Sum-before.Sum)/float64(size.Count-before.Count), "rotations/batch")
}
