package authn

import "testing"

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
