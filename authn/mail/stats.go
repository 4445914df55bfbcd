package mail

import "sync"

// Stats is what a worker has done since its start.
type Stats struct {
	Sent   uint64           // mails that a server has taken
	Failed map[Class]uint64 // tries that did not succeed, with each class
}

type counters struct {
	mu     sync.Mutex
	sent   uint64
	failed map[Class]uint64
}

func (c *counters) count(r Result) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Sent {
		c.sent++
		return
	}
	if c.failed == nil {
		c.failed = map[Class]uint64{}
	}
	c.failed[r.Class]++
}

// Stats returns the counts so far. Every class has one.
func (w *Worker) Stats() Stats {
	w.stats.mu.Lock()
	defer w.stats.mu.Unlock()
	s := Stats{Sent: w.stats.sent, Failed: map[Class]uint64{}}
	for _, class := range Classes() {
		s.Failed[class] = w.stats.failed[class]
	}
	return s
}
