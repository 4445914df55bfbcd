package mail

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const (
	// sideBySide is how many mails one server sends at the same time. A server that does not reply
	// holds up a try for tryTime.
	sideBySide = 4

	// leaseTime is longer than a try and the recording of its result.
	leaseTime = tryTime + time.Minute

	// pollTime is how long a mail waits at most that another process has queued.
	pollTime = time.Second

	// queryTime is the longest time for one query.
	queryTime = 10 * time.Second

	// graceTime is how long the tries under way may go on when the server stops.
	graceTime = 5 * time.Second
)

// Config is what a [Worker] works with. All of it is required but Done and Failed.
type Config struct {
	Outbox     store.Outbox
	Send       Sender
	Token      func(store.Mail) (string, error)                  // returns the token of a mail with a link
	Compose    func(m store.Mail, token string) (Message, error) // writes a mail
	Now        func() time.Time
	MaxPerHour func() int  // max mails that all servers together send within an hour, half of them notices; 0 for no limit
	Done       func(Try)   // called after each try, also at the same time
	Failed     func(error) // called when the database begins to fail
}

// Try is one try to send a mail, for the log. It contains no address, and nothing that the mail
// server said but its codes.
type Try struct {
	ID       uuid.UUID // of its row in the outbox
	Kind     store.MailKind
	Tries    int // begun so far, with this one
	Sent     bool
	Class    Class
	Step     string
	Code     int
	Enhanced string
	Reason   string    // what failed on this side; "" when the server's codes say it
	NextAt   time.Time // of the next try; zero when there is none
	Took     time.Duration
}

// Worker sends the mail of the outbox. Several workers, in several processes, may work on the same
// outbox.
type Worker struct {
	Config
	wake  chan struct{}
	stats counters
	limit func(context.Context) (context.Context, context.CancelFunc) // bounds a try
	pause time.Duration                                               // before the result of a try is recorded again
	grace time.Duration                                               // how long tries may go on after the end of Run's context
	fails atomic.Bool                                                 // the latest query failed
}

// New returns a worker, which does nothing before [Worker.Run] or [Worker.Pass].
func New(c Config) *Worker {
	limit := func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, tryTime)
	}
	if c.Done == nil {
		c.Done = func(Try) {}
	}
	if c.Failed == nil {
		c.Failed = func(error) {}
	}
	return &Worker{Config: c, wake: make(chan struct{}, 1), limit: limit, pause: time.Second, grace: graceTime}
}

// Wake makes Run query the outbox at once. It never waits.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run sends mail until ctx ends. Then the tries under way have 5 seconds to end by themselves. Run
// goes on when the database fails.
func (w *Worker) Run(ctx context.Context) {
	tries, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(w.grace, cancel) })()
	poll := time.NewTicker(pollTime)
	defer poll.Stop()
	var running int
	ended := make(chan struct{})
	for ctx.Err() == nil {
		mails, err := w.claim(ctx, sideBySide-running)
		if ctx.Err() == nil {
			w.queried(err)
		}
		for _, m := range mails {
			running++
			go func() { w.try(tries, m); ended <- struct{}{} }()
		}
		select {
		case <-ended:
			running--
		case <-w.wake:
		case <-poll.C:
		case <-ctx.Done():
		}
	}
	for ; running > 0; running-- {
		<-ended
	}
}

// Pass sends what is due now, up to 4 mails, and returns how many it tried.
func (w *Worker) Pass(ctx context.Context) (int, error) {
	mails, err := w.claim(ctx, sideBySide)
	var tries sync.WaitGroup
	for _, m := range mails {
		tries.Go(func() { w.try(ctx, m) })
	}
	tries.Wait()
	return len(mails), err
}

// claim leases up to limit mails to this worker. Each claim has a lease of its own.
func (w *Worker) claim(ctx context.Context, limit int) ([]store.Mail, error) {
	if limit == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, queryTime)
	defer cancel()
	now, perHour := w.Now(), w.MaxPerHour()
	return w.Outbox.ClaimMail(ctx, store.MailClaim{
		Lease: uuid.New(), Now: now, Until: now.Add(leaseTime), Limit: limit, MaxPerHour: perHour, MaxNotices: (perHour + 1) / 2,
	})
}

// try sends one mail and records the result.
func (w *Worker) try(ctx context.Context, m store.Mail) {
	began := w.Now()
	limited, cancel := w.limit(ctx)
	r := w.send(limited, m)
	cancel()
	now := w.Now()
	result := next(m, r, now, jitter())
	w.stats.count(r)
	w.Done(Try{
		ID: m.ID, Kind: m.Kind, Tries: m.Tries, Sent: r.Sent, Class: r.Class, Step: r.Step, Code: r.Code, Enhanced: r.Enhanced,
		Reason: r.Reason(), NextAt: result.NextAt, Took: now.Sub(began),
	})
	w.record(ctx, m, result)
}

// queried reports the first failure after a success.
func (w *Worker) queried(err error) {
	if failed := w.fails.Swap(err != nil); err != nil && !failed {
		w.Failed(err)
	}
}

func (w *Worker) send(ctx context.Context, m store.Mail) Result {
	var token string
	if m.TokenHash != "" {
		var err error
		if token, err = w.Token(m); err != nil {
			return Result{Class: ClassKey, Err: err}
		}
	}
	message, err := w.Compose(m, token)
	if err != nil {
		return Result{Class: ClassText, Err: err}
	}
	return w.Send(ctx, message)
}

// record tries until the lease ends: a mail that was sent and is not recorded is sent once more.
// The end of ctx does not end a query, only the repetitions.
func (w *Worker) record(ctx context.Context, m store.Mail, r store.MailResult) {
	for {
		query, cancel := context.WithTimeout(context.WithoutCancel(ctx), queryTime)
		_, err := w.Outbox.RecordMail(query, r)
		cancel()
		if w.queried(err); err == nil {
			return
		}
		if !w.Now().Before(m.LeasedTill) {
			return
		}
		select {
		case <-time.After(w.pause):
		case <-ctx.Done():
			return
		}
	}
}
