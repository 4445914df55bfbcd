package mail

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

func TestAMailIsSentOnceAndThenNeverAgain(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		var box inbox
		worker, id := w.worker(box.send), w.reset("alice")
		w.step(worker, 1)
		w.is(id, store.MailSent, "")
		w.pass(time.Hour)
		w.step(worker, 0)
		if len(box.got) != 1 || box.got[0].To != "alice@example.test" || box.got[0].Link != "https://login.example.com/#token="+tokenOf(id) {
			w.Errorf("sent %+v", box.got)
		}
		if s := worker.Stats(); s.Sent != 1 || len(s.Failed) != len(Classes()) {
			w.Errorf("stats %+v", s)
		}
	})
}

func TestNoStepThatFailsLosesAMailOrSendsItMoreThanTwice(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		for i, step := range steps {
			for j, act := range []string{closes, loses, silent, "421 4.3.2 going down", "554 5.7.1 no"} {
				server := newScripted(t, func(connection int, at string) string {
					if connection == 1 && (at == step || step == "EHLO" && at == "HELO") {
						return act
					}
					return ""
				})
				worker, id := w.worker(open(t, SenderConfig{URL: server.url})), w.reset(name(10*i+j))
				worker.limit = func(ctx context.Context) (context.Context, context.CancelFunc) {
					late := newLate(ctx)
					server.mutes(late.pass)
					return late, late.pass
				}
				w.step(worker, 1)
				if step == "RSET" || step == "QUIT" {
					w.is(id, store.MailSent, "")
				} else if m := w.mail(id); m.State != store.MailWaiting || m.Class == "" {
					w.Errorf("%s at %s: %+v", act, step, m)
				}
				w.pass(10 * time.Second)
				if step != "RSET" && step != "QUIT" {
					w.step(worker, 1)
				}
				w.step(worker, 0)
				w.is(id, store.MailSent, "")
				got, want := server.messages(), 1
				if step == stepMessage && (act == loses) {
					want = 2 // the server has it, and nobody can know
				}
				if len(got) != want || got[0] != got[len(got)-1] || !strings.Contains(got[0], id.String()) {
					w.Errorf("%s at %s: %d messages: %q", act, step, len(got), got)
				}
			}
		}
	})
}

func TestOnlyABadAddressEndsAMail(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		for i, c := range []struct {
			step, reply string
			state       store.MailState
			class       Class
		}{
			{"RCPT", "550 5.1.1 nobody", store.MailFailed, ClassAddress},
			{"RCPT", "504 5.5.2 a full name please", store.MailWaiting, ClassRefused},
			{"RCPT", "550 5.7.1 relaying denied", store.MailWaiting, ClassRefused},
			{"MAIL", "550 5.1.1 who", store.MailWaiting, ClassRefused},
			{stepMessage, "554 5.7.1 spam", store.MailWaiting, ClassRefused},
			{"RCPT", "450 4.1.1 who", store.MailWaiting, ClassTemporary},
		} {
			server := newScripted(t, always(c.step, c.reply), offers("8BITMIME", "ENHANCEDSTATUSCODES"))
			worker, id := w.worker(open(t, SenderConfig{URL: server.url})), w.reset(name(i))
			w.step(worker, 1)
			w.is(id, c.state, c.class)
			if m := w.mail(id); fmt.Sprintf("%d %s", m.Code, m.Enhanced) != c.reply[:len("550 5.1.1")] {
				w.Errorf("%s: recorded %d %s", c.reply, m.Code, m.Enhanced)
			}
			if s := worker.Stats(); s.Sent != 0 || s.Failed[c.class] != 1 {
				w.Errorf("%s: stats %+v", c.reply, s)
			}
			w.pass(20 * time.Minute) // it expires
			w.step(worker, 0)
		}
	})
}

func TestAnOutageOfTheMailServerLosesNothing(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		var up atomic.Bool
		server := newScripted(t, func(int, string) string {
			if up.Load() {
				return ""
			}
			return closes
		})
		worker := w.worker(open(t, SenderConfig{URL: server.url}))
		ids := []uuid.UUID{w.reset("alice"), w.reset("bob"), w.reset("carol")}
		for range 15 * 60 { // the clock steps on, 15 minutes
			w.pass(time.Second)
			if _, err := worker.Pass(w.Context()); err != nil {
				w.Fatal(err)
			}
		}
		if got := len(w.tried()); got != 5*len(ids) {
			w.Errorf("%d tries in 15 minutes, want 5 a mail", got)
		}
		up.Store(true)
		w.pass(5*time.Minute - lastCall) // the last call before the expiry
		w.step(worker, 3)
		for _, id := range ids {
			w.is(id, store.MailSent, "")
		}
		if got := len(server.messages()); got != len(ids) {
			w.Errorf("%d messages", got)
		}
	})
}

func TestAMailThatExpiresIsDropped(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		worker, id := w.worker((&inbox{}).send), w.reset("alice")
		w.pass(20 * time.Minute)
		w.step(worker, 0)
		if m := w.mail(id); m.State != store.MailDropped {
			w.Errorf("%+v", m)
		}
	})
}

func TestThreeServersWithOneOutboxSendEachMailOnce(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		const mails = 40
		var box inbox
		for i := range mails {
			w.reset(name(i))
		}
		ctx, stop := context.WithCancel(w.Context())
		var servers sync.WaitGroup
		done := make(chan struct{}, mails+3)
		for range 3 {
			worker := w.worker(box.send)
			worker.Done = func(Try) { done <- struct{}{} }
			servers.Go(func() { worker.Run(ctx) })
		}
		for range mails {
			<-done
		}
		stop()
		servers.Wait()
		w.pass(19 * time.Minute) // leases that were not given back would end
		w.step(w.worker(box.send), 0)
		links := box.links()
		for link, n := range links {
			if n != 1 {
				w.Errorf("%s was sent %d times", link, n)
			}
		}
		if len(links) != mails {
			w.Errorf("%d mails were sent", len(links))
		}
	})
}

// unreliable is an outbox whose calls fail while their error is set.
type unreliable struct {
	store.Outbox
	mu            sync.Mutex
	claim, record error
}

func (b *unreliable) set(claim, record error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.claim, b.record = claim, record
}

func (b *unreliable) ClaimMail(ctx context.Context, c store.MailClaim) ([]store.Mail, error) {
	b.mu.Lock()
	err := b.claim
	b.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return b.Outbox.ClaimMail(ctx, c)
}

func (b *unreliable) RecordMail(ctx context.Context, r store.MailResult) (bool, error) {
	b.mu.Lock()
	err := b.record
	b.mu.Unlock()
	if err != nil {
		return false, err
	}
	return b.Outbox.RecordMail(ctx, r)
}

func TestAServerKilledBeforeItRecordsCausesOneMoreWithTheSameLink(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		var box inbox
		killed, other := w.worker(box.send), w.worker(box.send)
		killed.Outbox = &unreliable{Outbox: killed.Outbox, record: errors.New("killed")}
		killed.Failed = func(error) {}
		id := w.reset("alice")
		ctx, kill := context.WithCancel(w.Context())
		killed.Done = func(Try) { kill() }
		if n, err := killed.Pass(ctx); n != 1 || err != nil {
			w.Fatalf("%d, %v", n, err)
		}
		w.pass(leaseTime - time.Second)
		w.step(other, 0)
		w.pass(time.Second)
		w.step(other, 1)
		w.pass(time.Hour)
		w.step(other, 0)
		w.is(id, store.MailSent, "")
		if len(box.got) != 2 || box.got[0] != box.got[1] {
			w.Errorf("sent %+v", box.got)
		}
	})
}

func TestAResultIsRecordedOnceTheDatabaseIsBack(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		var box inbox
		worker := w.worker(box.send)
		failing := &unreliable{Outbox: worker.Outbox, record: errors.New("away")}
		failures := 0
		worker.Outbox, worker.Failed = failing, func(error) { failures++; failing.set(nil, nil) }
		id := w.reset("alice")
		w.step(worker, 1)
		w.is(id, store.MailSent, "")
		if failures != 1 {
			w.Errorf("%d failures", failures)
		}
	})
}

func TestAWorkerGoesOnAfterTheDatabaseFailed(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		var box inbox
		worker := w.worker(box.send)
		failing := &unreliable{Outbox: worker.Outbox, claim: errors.New("away")}
		failed, done := make(chan struct{}), make(chan struct{})
		worker.Outbox = failing
		worker.Failed = func(error) { close(failed) } // only once
		worker.Done = func(Try) { close(done) }
		ctx, stop := context.WithCancel(w.Context())
		var running sync.WaitGroup
		running.Go(func() { worker.Run(ctx) })
		id := w.reset("alice")
		<-failed
		worker.Wake()
		worker.Wake()
		failing.set(nil, nil)
		worker.Wake()
		<-done
		stop()
		running.Wait()
		w.is(id, store.MailSent, "")
	})
}

func TestAStoppedWorkerLeavesItsMailToAnother(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		server := newScripted(t, func(connection int, step string) string {
			if connection == 1 && step == "RCPT" {
				return silent
			}
			return ""
		})
		send := open(t, SenderConfig{URL: server.url})
		worker, id := w.worker(send), w.reset("alice")
		ctx, stop := context.WithCancel(w.Context())
		worker.grace = 0
		server.mutes(stop)
		worker.Run(ctx)
		w.is(id, store.MailWaiting, ClassStopped)
		w.step(w.worker(send), 1)
		w.is(id, store.MailSent, "")
	})
}

func TestAMailWhoseLinkNoSecretMakesWaitsForOneThatDoes(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		var box inbox
		without, with := w.worker(box.send), w.worker(box.send)
		without.Token = func(store.Mail) (string, error) { return "", errors.New("no secret fits") }
		id := w.reset("alice")
		w.step(without, 1)
		w.is(id, store.MailWaiting, ClassKey)
		w.pass(10 * time.Second)
		w.step(with, 1)
		w.is(id, store.MailSent, "")
		if tries := w.tried(); len(box.got) != 1 || tries[0].Reason != "no secret fits" {
			w.Errorf("%d sent, tries %+v", len(box.got), tries)
		}
	})
}

func TestAMailThatCannotBeWrittenWaits(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		worker, id := w.worker((&inbox{}).send), w.reset("alice")
		worker.Compose = func(store.Mail, string) (Message, error) { return Message{}, errors.New("template") }
		w.step(worker, 1)
		w.is(id, store.MailWaiting, ClassText)
	})
}

func TestTheLimitOfAnHourHoldsForAllServers(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		var box inbox
		first, second := w.worker(box.send), w.worker(box.send)
		first.MaxPerHour = func() int { return 1 }
		second.MaxPerHour = first.MaxPerHour
		w.reset("alice")
		w.step(first, 1)
		w.pass(50 * time.Minute)
		w.reset("bob")
		w.step(second, 0)
		w.pass(11 * time.Minute)
		w.step(second, 1)
	})
}

func TestNoAddressAndNoTextOfAServerIsLogged(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		replies := []string{closes, loses, silent, "450 4.2.0 alice@example.test is greylisted", "550 5.1.1 alice@example.test is unknown", "alice@example.test", "999 alice@example.test"}
		for i, step := range append([]string{""}, steps...) {
			for j, reply := range replies {
				server := newScripted(t, always(step, reply))
				worker := w.worker(open(t, SenderConfig{URL: server.url}))
				worker.limit = func(ctx context.Context) (context.Context, context.CancelFunc) {
					late := newLate(ctx)
					server.mutes(late.pass)
					return late, late.pass
				}
				w.reset(name(100*i + j))
				w.step(worker, 1)
				w.pass(21 * time.Minute)
				w.step(worker, 0)
			}
		}
		if said := fmt.Sprintf("%+v", w.tried()); strings.Contains(said, "@") {
			w.Errorf("logged %s", said)
		}
	})
}
