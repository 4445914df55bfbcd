package mail

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// notices queues notices to a user whose links it ends.
func (w *world) notices(user uuid.UUID, n int) (ids []uuid.UUID) {
	w.Helper()
	for range n {
		id := uuid.New()
		m := &store.NewMail{ID: id, Kind: store.MailPasswordChanged, MessageID: id.String() + "@example.com", ExpiresAt: w.now().Add(72 * time.Hour)}
		e := store.Event{Action: store.ActionPasswordChanged, UserID: user, At: w.now()}
		if _, err := w.store.SetPassword(w.Context(), user, "$argon2id$", m, e); err != nil {
			w.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

func TestALinkIsSentAtOnceHoweverManyNoticesWait(t *testing.T) {
	t.Parallel()
	onBothStores(t, func(w *world) {
		var box inbox
		worker := w.worker(box.send)
		worker.MaxPerHour = func() int { return 5 }
		w.notices(w.mail(w.reset("alice")).UserID, 9)
		w.step(worker, 3) // half of five, rounded up
		w.step(worker, 0)
		w.pass(time.Second)
		link := w.reset("bob")
		w.step(worker, 1)
		w.is(link, store.MailSent, "")
		w.step(worker, 0)
		w.reset("carl")
		w.step(worker, 1)
		w.reset("dora")
		w.step(worker, 0)
	})
}
