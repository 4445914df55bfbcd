package hashing

import (
	"context"
	"sync"
	"time"
)

// pace holds refusals back for a moment, the longer the more there are. Clients that
// come again the moment that they are refused would otherwise take the processor from
// those who are served: five hundred of them in a loop left a tenth of the sign-ins.
type pace struct {
	mu    sync.Mutex
	rate  float64 // refusals a second, of late
	last  time.Time
	held  int
	every time.Duration // what one refusal a second adds to the moment; 0 for none
}

const (
	paceStep    = 500 * time.Microsecond // a thousand a second wait for half a second
	paceMost    = 500 * time.Millisecond
	paceMostAll = 1000 // that are held back at once; more of them would cost memory
)

// hold waits for the moment, or until ctx ends.
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

// enter counts a refusal, and says how long to hold it back. What was counted fades
// within a second or so.
func (p *pace) enter(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate *= max(0, 1-now.Sub(p.last).Seconds())
	p.rate++
	p.last = now
	p.held++
	if p.held > paceMostAll {
		return 0
	}
	return min(time.Duration(p.rate*float64(p.every)), paceMost)
}

func (p *pace) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held--
}
