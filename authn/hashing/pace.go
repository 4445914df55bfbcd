package hashing

import (
	"context"
	"sync"
	"time"
)

// pace delays refusals, the more of them the longer. Clients that retry at once would
// otherwise take the processor from those who are served: five hundred of them in a loop
// left a tenth of the sign-ins.
type pace struct {
	mu    sync.Mutex
	rate  float64 // recent refusals a second
	last  time.Time
	held  int
	every time.Duration // what one refusal a second adds to the delay; 0 for no delay
}

const (
	paceStep = 500 * time.Microsecond // at a thousand refusals a second the delay is half a second
	maxPace  = 500 * time.Millisecond
	maxPaced = 1000 // refusals that are delayed at once; more would cost memory
)

// hold delays a refusal, or until ctx ends.
func (p *pace) hold(ctx context.Context) {
	wait := p.enter(time.Now())
	defer p.leave()
	if wait <= 0 {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(wait):
	}
}

// enter counts a refusal and returns its delay. A refusal counts for about a second.
func (p *pace) enter(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate *= max(0, 1-now.Sub(p.last).Seconds())
	p.rate++
	p.last = now
	p.held++
	if p.held > maxPaced {
		return 0
	}
	return min(time.Duration(p.rate*float64(p.every)), maxPace)
}

func (p *pace) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held--
}
