package cmd

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/store"
)

func newToken(a *app) *cobra.Command {
	return group("token", "List and end sessions, with every token they have", newTokenList(a), newTokenRevoke(a), newTokenRevokeAll(a))
}

type tokenListOptions struct {
	output
	user  string
	limit int
}

func newTokenList(a *app) *cobra.Command {
	var o tokenListOptions
	c := &cobra.Command{
		Use:     "list",
		Short:   "List the sessions that are alive, newest first",
		Example: `  authctl token list --user alice`,
		Args:    cobra.NoArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	o.addFlag(c, "table", "json", "yaml", "ids")
	c.Flags().StringVar(&o.user, "user", "", "only sessions of the user with this `name`")
	c.Flags().IntVar(&o.limit, "limit", 0, "print at most this many, 0 for all")
	return c
}

// sessionView is a session in JSON and YAML.
type sessionView struct {
	SessionID  uuid.UUID `json:"session_id"`
	UserID     uuid.UUID `json:"user_id"`
	Username   string    `json:"username"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	RemoteAddr string    `json:"remote_addr"`
	UserAgent  string    `json:"user_agent"`
}

func (o *tokenListOptions) run(ctx context.Context, a *app) error {
	if o.limit < 0 {
		return usage("", "--limit must not be negative")
	}
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	var page store.SessionPage
	if o.user != "" {
		user, err := inst.authn.User(ctx, o.user)
		if err != nil {
			return err
		}
		page.UserID = user.ID
	}
	sessions, _, err := collect(0, func(n int) ([]store.Session, error) {
		page.Limit = n
		sessions, err := inst.authn.Sessions(ctx, page)
		if len(sessions) > 0 {
			page.After = sessions[len(sessions)-1].ID
		}
		return sessions, err
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(sessions, func(a, b store.Session) int { return b.CreatedAt.Compare(a.CreatedAt) })
	if o.limit > 0 && len(sessions) > o.limit {
		a.say("showing %d of %s", o.limit, count(int64(len(sessions)), "session"))
		sessions = sessions[:o.limit]
	}
	views := make([]sessionView, len(sessions))
	ids := make([]string, len(sessions))
	t := table{header: []string{"SESSION", "USERNAME", "CREATED AT", "LAST USED AT", "ADDRESS", "USER AGENT"}}
	for i, s := range sessions {
		views[i] = sessionView{s.ID, s.UserID, s.Username, s.CreatedAt, s.LastUsedAt, s.ExpiresAt, s.RemoteAddr, s.UserAgent}
		ids[i] = s.ID.String()
		t.rows = append(t.rows, []string{ids[i], s.Username, when(s.CreatedAt), when(s.LastUsedAt), orDash(s.RemoteAddr), orDash(s.UserAgent)})
	}
	return o.print(a.out, views, t, ids)
}

type tokenRevokeOptions struct{ reason string }

func newTokenRevoke(a *app) *cobra.Command {
	var o tokenRevokeOptions
	c := &cobra.Command{
		Use:   "revoke SESSION",
		Short: "End one session by its id",
		Args:  cobra.ExactArgs(1),
		RunE:  func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args[0]) },
	}
	addReason(c, &o.reason)
	return c
}

func (o tokenRevokeOptions) run(ctx context.Context, a *app, session string) error {
	id, err := uuid.Parse(session)
	if err != nil {
		return usage("authctl token list shows the ids", "%q is no session id", session)
	}
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	if err := inst.authn.EndSession(ctx, a.actor(o.reason), id); err != nil {
		return err
	}
	a.say("ended session %s", id)
	return nil
}
