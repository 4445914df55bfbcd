package authn

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

func TestAStrangerCannotUseUpTheResetsOfAnAddress(t *testing.T) {
	t.Parallel()
	limited := func(c *Config) {
		mailing(c)
		c.Mail.MaxPerUser, c.Mail.MaxPerRecipient = 3, 2
	}
	onBoth(t, limited, func(t *testing.T, f *fixture) {
		f.verified(t, "alice")
		for _, name := range []string{"mallory1", "mallory2", "mallory3"} {
			if _, err := f.Register(f.ctx, visitor, Account{Username: name, Password: goodPassword, Email: "alice@example.com"}); err != nil {
				t.Fatal(err)
			}
		}
		for range 3 {
			f.forgot(t, "alice")
		}
		f.wantMails(t, "alice@example.com", "address_in_use", "reset", "reset", "verify")
	})
}

func TestNoticesOfOneAccountKeepNobodysLinkBack(t *testing.T) {
	t.Parallel()
	limited := func(c *Config) {
		mailing(c)
		c.Mail.MaxPerUser, c.Mail.MaxPerHour = 3, 6
	}
	onBoth(t, limited, func(t *testing.T, f *fixture) {
		f.verified(t, "alice")
		f.verified(t, "mallory")
		for range 10 {
			if _, err := f.SetPassword(f.ctx, visitor, "mallory", nextPassword); err != nil {
				t.Fatal(err)
			}
		}
		f.forgot(t, "alice")
		f.wantMails(t, "alice@example.com", "reset", "verify")
		now := f.now()
		claimed, err := f.store.ClaimMail(f.ctx, store.MailClaim{Lease: uuid.New(), Now: now, Until: now.Add(time.Minute), Limit: 20})
		if err != nil {
			t.Fatal(err)
		}
		kinds := map[store.MailKind]int{}
		for _, m := range claimed {
			kinds[m.Kind]++
		}
		if kinds[store.MailReset] != 1 || kinds[store.MailPasswordChanged] != 3 || claimed[0].Kind != store.MailReset {
			t.Errorf("due are %v, of them first %s; want a reset, and then three notices", kinds, claimed[0].Kind)
		}
	})
}
