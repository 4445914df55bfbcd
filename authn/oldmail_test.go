package authn

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

func TestMailIsForgottenAWeekAfterItEnded(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		now := time.UnixMicro(f.clock.Load())
		u := f.register(t, "alice")
		address := store.Address{Text: "alice@example.com", Folded: "alice@example.com", Verified: true}
		if _, err := f.store.SetEmail(f.ctx, u.ID, address, nil, store.Event{Action: store.ActionEmailSet, At: now}); err != nil {
			t.Fatal(err)
		}
		token := store.NewMailToken{Hash: strings.Repeat("0", 64), ExpiresAt: now.Add(30 * time.Minute)}
		request := store.ResetRequest{Username: "alice", Mail: store.NewMail{ID: uuid.New(), Kind: store.MailReset, ExpiresAt: now.Add(20 * time.Minute)}, Token: token}
		if _, err := f.store.RequestReset(f.ctx, request, store.Event{Action: store.ActionResetRequested, At: now}); err != nil {
			t.Fatal(err)
		}
		if n, err := f.store.DropMail(f.ctx, request.Mail.ID, store.Event{Action: store.ActionMailDropped, At: now}); n != 1 || err != nil {
			t.Fatalf("%d dropped, %v", n, err)
		}
		for _, step := range []struct {
			pass  time.Duration
			mails int // left
		}{{mailKept, 1}, {time.Microsecond, 0}, {30 * time.Minute, 0}} {
			f.advance(step.pass)
			if err := f.Forget(f.ctx); err != nil {
				t.Fatal(err)
			}
			mails, _, err := f.store.Mails(f.ctx, store.MailPage{Limit: 10})
			if err != nil || len(mails) != step.mails {
				t.Errorf("%d mails are left, want %d; %v", len(mails), step.mails, err)
			}
		}
		if n, err := f.store.DeleteOldMailTokens(f.ctx, now.Add(time.Hour), 10); n != 0 || err != nil {
			t.Errorf("%d tokens are left, %v", n, err)
		}
	})
}

func TestATokenIsKeptAWeekAfterItExpired(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		now := time.UnixMicro(f.clock.Load())
		u := f.register(t, "alice")
		token := store.NewMailToken{Hash: strings.Repeat("0", 64), ExpiresAt: now.Add(30 * time.Minute)}
		if _, err := f.store.IssueReset(f.ctx, u.ID, uuid.New(), token, store.Event{Action: store.ActionResetIssued, At: now}); err != nil {
			t.Fatal(err)
		}
		f.advance(30*time.Minute + mailKept)
		if err := f.Forget(f.ctx); err != nil {
			t.Fatal(err)
		}
		if n, err := f.store.DeleteOldMailTokens(f.ctx, now.Add(time.Hour), 10); n != 1 || err != nil {
			t.Errorf("%d tokens were left, %v", n, err)
		}
	})
}
