package cmd

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

func newAudit(a *app) *cobra.Command {
	return group("audit", "Read the audit trail, and delete old events", newAuditList(a), newAuditPrune(a))
}

// maxQueried is the max number of events in one query of a narrow filter.
const maxQueried = 10_000

type auditListOptions struct {
	output
	auditFilter
	limit int
}

func newAuditList(a *app) *cobra.Command {
	var o auditListOptions
	c := &cobra.Command{
		Use:   "list",
		Short: "List the events of the audit trail, with actor and address, the newest first",
		Long: `List the events of the audit trail, the newest first. The conditions combine.

An index covers the events of a user, of a service account, of a session, of a single address, of operators
(--actor cli or cli:NAME), and of every action except the two of a sign-in. Without one of
these conditions the command reads every event of the period. Add --since to a long trail.

docs/operating.md explains the actions:

` + wordColumns(store.Actions()),
		Example: `  authctl audit list --user alice --since 30d
  authctl audit list --action authn_login_fail --address 203.0.113.0/24 --since 2h
  authctl audit list --actor cli -o json
  authctl audit list --limit 0 -o ndjson >trail.ndjson`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	o.output.addFlag(c, "table", "json", "ndjson", "yaml")
	o.auditFilter.addFlags(c)
	c.Flags().IntVar(&o.limit, "limit", 100, "print at most this many, 0 for all")
	return c
}

// eventView is an event in JSON and YAML.
type eventView struct {
	ID         int64        `json:"id"`
	At         time.Time    `json:"at"`
	Action     store.Action `json:"action"`
	Actor      string       `json:"actor"`
	UserID     *uuid.UUID   `json:"user_id"`
	Username   *string      `json:"username"` // the current username; null when the user is gone
	SessionID  *uuid.UUID   `json:"session_id"`
	RemoteAddr string       `json:"remote_addr"`
	UserAgent  string       `json:"user_agent"`
	RequestID  string       `json:"request_id"`
	Reason     string       `json:"reason"`
}

func viewEvent(e store.RecordedEvent) any {
	v := eventView{ID: e.ID, At: e.At, Action: e.Action, Actor: e.Actor, RemoteAddr: e.RemoteAddr, UserAgent: e.UserAgent, RequestID: e.RequestID, Reason: e.Reason}
	if e.UserID != uuid.Nil {
		v.UserID = &e.UserID
	}
	if e.Username != "" {
		v.Username = &e.Username
	}
	if e.SessionID != uuid.Nil {
		v.SessionID = &e.SessionID
	}
	return v
}

func eventCells(e store.RecordedEvent) []string {
	user, session := "-", "-"
	if e.UserID != uuid.Nil {
		user = e.UserID.String()
	}
	if e.Username != "" {
		user = markedName(e.Username)
	}
	if e.SessionID != uuid.Nil {
		session = e.SessionID.String()
	}
	return []string{when(e.At), string(e.Action), e.Actor, user, session, orDash(e.RemoteAddr), orDash(e.Reason)}
}

func (o *auditListOptions) run(ctx context.Context, a *app) error {
	if o.limit < 0 {
		return usage("", "--limit must not be negative")
	}
	page, err := o.page(time.Now())
	if err != nil {
		return err
	}
	inst, err := a.open(ctx, opening{reads: true})
	if err != nil {
		return err
	}
	defer inst.close()
	if page.UserID, err = o.userID(ctx, a, inst); err != nil {
		return err
	}
	list := listing[store.RecordedEvent]{
		output: &o.output, out: a.out,
		header: []string{"AT", "ACTION", "ACTOR", "USER", "SESSION", "ADDRESS", "REASON"},
		view:   viewEvent,
		cells:  eventCells,
	}
	more, err := walk(o.limit, eventPages(ctx, inst.authn, page, o.limit), list.add)
	if err != nil {
		return err
	}
	if err := list.end(); err != nil {
		return err
	}
	if more {
		a.say("there are more events: raise --limit (0 for all), or narrow the period with --since and --until")
	}
	return nil
}

// eventPages returns a function that reads the next page of the events that p selects. A page
// asks for at most limit+1 events at first, and for up to maxQueried while few events match.
func eventPages(ctx context.Context, svc *authn.Service, p store.EventPage, limit int) func() ([]store.RecordedEvent, bool, error) {
	p.Limit = pageSize
	if limit > 0 {
		p.Limit = min(limit+1, pageSize)
	}
	return func() ([]store.RecordedEvent, bool, error) {
		events, next, err := svc.Events(ctx, p)
		switch p.Before = next; {
		case len(events) < p.Limit/4:
			p.Limit = min(4*p.Limit, maxQueried)
		case len(events) > pageSize:
			p.Limit = pageSize
		}
		return events, next == store.EventKey{}, err
	}
}
