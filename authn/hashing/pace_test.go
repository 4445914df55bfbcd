package hashing

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestFewRefusalsAreNotHeldBackAndManyAre(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pace{every: paceStep}
		began := time.Now()
		p.hold(t.Context())
		if held := time.Since(began); held > 2*paceStep {
			t.Errorf("the first was held for %s", held)
		}
		// Five hundred clients try again as soon as they are refused.
		refused := 0
		var mu sync.Mutex
		var all sync.WaitGroup
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		for range 500 {
			all.Go(func() {
				for ctx.Err() == nil {
					began := time.Now()
					p.hold(ctx)
					if held := time.Since(began); held > maxPace {
						t.Errorf("one was held for %s", held)
					}
					mu.Lock()
					refused++
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if refused > 15_000 { // 1,500 a second
			t.Errorf("%d were refused in ten seconds", refused)
		}
		time.Sleep(2 * time.Second)
		began = time.Now()
		p.hold(t.Context())
		if held := time.Since(began); held > 2*paceStep {
			t.Errorf("one was held for %s after a quiet time", held)
		}
	})
}

func TestNoMoreRefusalsAreHeldThanThereIsMemoryFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pace{every: paceStep}
		var all sync.WaitGroup
		for range 3 * maxPaced {
			all.Go(func() { p.hold(t.Context()) })
		}
		synctest.Wait()
		p.mu.Lock()
		held := p.held
		p.mu.Unlock()
		if held > maxPaced {
			t.Errorf("%d are held", held)
		}
		all.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		p.hold(ctx) // of one who went away
		if p.held != 0 {
			t.Errorf("%d are held for ever", p.held)
		}
	})
}
