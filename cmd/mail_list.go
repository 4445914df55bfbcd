package cmd

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/store"
)

type mailListOptions struct {
	output
	failed bool
	limit  int
}

func newMailList(a *app) *cobra.Command {
	var o mailListOptions
	c := &cobra.Command{
		Use:   "list",
		Short: "List the mails of the outbox, the newest first",
		Long: `List the mails that wait to be sent, and those that were sent or given up within the last
7 days. The texts and the links are not kept, so they cannot be shown.

STATE is waiting, sent, failed (the mail server refuses the address), dropped (it expired, its
link is no longer good, or an operator dropped it) or replaced (a newer request took its place).
CLASS says why the latest try did not succeed; docs/mail.md explains the words.`,
		Example: `  authctl mail list --failed
  authctl mail list --limit 0 -o ids`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	o.addFlag(c, "table", "json", "ndjson", "yaml", "ids")
	c.Flags().BoolVar(&o.failed, "failed", false, "only those that have failed, and those that wait because the latest try did not succeed")
	c.Flags().IntVar(&o.limit, "limit", 100, "print at most this many, 0 for all")
	return c
}

// mailView is a mail in JSON and YAML.
type mailView struct {
	ID        uuid.UUID       `json:"id"`
	Kind      store.MailKind  `json:"kind"`
	State     store.MailState `json:"state"`
	UserID    *uuid.UUID      `json:"user_id"` // null once the user was deleted
	Username  string          `json:"username"`
	Recipient string          `json:"recipient"`
	CreatedAt time.Time       `json:"created_at"`
	ExpiresAt time.Time       `json:"expires_at"` // no try begins after this
	NextAt    *time.Time      `json:"next_at"`    // when the next try is due; null once it ended
	EndedAt   *time.Time      `json:"ended_at"`   // null while it waits
	Tries     int             `json:"tries"`
	Class     string          `json:"class"`    // why the latest try did not succeed; "" when it did, or there was none
	Code      int             `json:"code"`     // SMTP reply code of that try; 0 for none
	Enhanced  string          `json:"enhanced"` // enhanced status code; "" for none
	MessageID string          `json:"message_id"`
}

func viewMail(m store.Mail) any {
	v := mailView{
		ID: m.ID, Kind: m.Kind, State: m.State, Username: m.Username, Recipient: m.Recipient, CreatedAt: m.CreatedAt, ExpiresAt: m.ExpiresAt,
		EndedAt: timeOrNull(m.EndedAt), Tries: m.Tries, Class: m.Class, Code: m.Code, Enhanced: m.Enhanced, MessageID: m.MessageID,
	}
	if m.UserID != uuid.Nil {
		v.UserID = &m.UserID
	}
	if m.State == store.MailWaiting {
		v.NextAt = timeOrNull(m.NextAt)
	}
	return v
}

func mailCells(m store.Mail) []string {
	reply := m.Class
	if m.Code != 0 {
		reply += " " + strconv.Itoa(m.Code)
	}
	if m.Enhanced != "" {
		reply += " " + m.Enhanced
	}
	next := "-"
	if m.State == store.MailWaiting {
		next = when(m.NextAt)
	}
	return []string{m.ID.String(), when(m.CreatedAt), string(m.Kind), orDash(markedName(m.Username)), orDash(m.Recipient), string(m.State), strconv.Itoa(m.Tries), next, orDash(reply)}
}

func (o *mailListOptions) run(ctx context.Context, a *app) error {
	if o.limit < 0 {
		return usage("", "--limit must not be negative")
	}
	inst, err := a.open(ctx, opening{reads: true})
	if err != nil {
		return err
	}
	defer inst.close()
	list := listing[store.Mail]{
		output: &o.output, out: a.out,
		header: []string{"ID", "QUEUED AT", "KIND", "USER", "TO", "STATE", "TRIES", "NEXT TRY AT", "CLASS"},
		view:   viewMail,
		cells:  mailCells,
		id:     func(m store.Mail) string { return m.ID.String() },
	}
	page := store.MailPage{Limit: pageSize}
	if o.failed {
		page.States = []store.MailState{store.MailFailed, store.MailWaiting}
	}
	more, err := walk(o.limit, func() ([]store.Mail, bool, error) {
		mails, next, err := inst.authn.Mails(ctx, page)
		page.Before = next
		if o.failed {
			mails = slices.DeleteFunc(mails, func(m store.Mail) bool { return m.State == store.MailWaiting && m.Class == "" })
		}
		return mails, next == store.MailKey{}, err
	}, list.add)
	if err != nil {
		return err
	}
	if err := list.end(); err != nil {
		return err
	}
	if more {
		a.say("there are more: raise --limit (0 for all)")
	}
	return nil
}
