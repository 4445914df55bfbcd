package mail

import (
	"math/rand/v2"
	"time"

	"github.com/authctl/authctl/store"
)

// delays is how long a mail waits after each of its first tries. After later ones it waits as long
// as after the last of these.
var delays = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute}

// lastCall is how long before its expiry a mail gets a last try, if the next would be later. That
// many seconds are enough for any server to claim it.
const lastCall = 10 * time.Second

// jitter returns a random factor from 0.8 to 1.2, so that what failed at the same time does not
// come back at the same time.
func jitter() float64 { return 0.8 + 0.4*rand.Float64() }

// next returns what to record after a try.
func next(m store.Mail, r Result, now time.Time, jitter float64) store.MailResult {
	result := store.MailResult{ID: m.ID, Lease: m.Lease, At: now, State: store.MailWaiting, Class: string(r.Class), Code: r.Code, Enhanced: r.Enhanced}
	switch {
	case r.Sent:
		result.State = store.MailSent
		return result
	case r.BadAddress:
		result.State = store.MailFailed
		return result
	case r.Class == ClassStopped:
		result.NextAt = now // another server may take it
		return result
	}
	delay := delays[min(max(m.Tries, 1), len(delays))-1]
	result.NextAt = now.Add(time.Duration(float64(delay) * jitter))
	if last := m.ExpiresAt.Add(-lastCall); last.Before(result.NextAt) && last.Sub(now) > lastCall {
		result.NextAt = last
	}
	return result
}
