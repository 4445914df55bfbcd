package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

func newToken(a *app) *cobra.Command {
	return group("token", "List and end sessions, and inspect tokens", newTokenList(a), newTokenRevoke(a), newTokenRevokeAll(a), newTokenInspect(a))
}

type tokenListOptions struct {
	output
	users []string
	after string
	limit int
}

func newTokenList(a *app) *cobra.Command {
	var o tokenListOptions
	c := &cobra.Command{
		Use:   "list",
		Short: "List the live sessions: with --user the newest first, otherwise by id",
		Example: `  authctl token list --user alice
  authctl token list --limit 100 -o json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	o.addFlag(c, "table", "json", "yaml", "ids")
	f := c.Flags()
	addUsers(c, &o.users, "only sessions of the user with this `name` or id; may be repeated")
	f.StringVar(&o.after, "after", "", "only sessions whose `id` sorts after this")
	f.IntVar(&o.limit, "limit", 0, "print at most this many, 0 for all")
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
	var after uuid.UUID
	if o.after != "" {
		var err error
		if after, err = uuid.Parse(o.after); err != nil {
			return usage("--after takes the last id of the previous page", "%q is not a session id", o.after)
		}
	}
	inst, err := a.open(ctx, opening{reads: true})
	if err != nil {
		return err
	}
	defer inst.close()
	users, err := findUsers(ctx, a, inst, o.users)
	if err != nil {
		return err
	}
	list := listing[store.Session]{
		output: &o.output, out: a.out,
		header: sessionHeader(),
		view: func(s store.Session) any {
			return sessionView{s.ID, s.UserID, s.Username, s.CreatedAt, s.LastUsedAt, s.ExpiresAt, s.RemoteAddr, s.UserAgent}
		},
		cells: sessionCells,
		id:    func(s store.Session) string { return s.ID.String() },
	}
	next := sessionPages(ctx, inst.authn, after)
	if len(users) > 0 {
		next = newestPages(ctx, inst.authn, users, after)
	}
	var last uuid.UUID
	more, err := walk(o.limit, next, func(sessions []store.Session) error {
		if len(sessions) > 0 {
			last = sessions[len(sessions)-1].ID
		}
		return list.add(sessions)
	})
	if err != nil {
		return err
	}
	if err := list.end(); err != nil {
		return err
	}
	if more && len(users) > 0 {
		a.say("there are older sessions: raise --limit")
	} else if more {
		a.say("there are more: add --after %s", last)
	}
	return nil
}

type tokenRevokeOptions struct {
	waitOptions
	reason string
}

func newTokenRevoke(a *app) *cobra.Command {
	var o tokenRevokeOptions
	c := &cobra.Command{
		Use:   "revoke SESSION",
		Short: "End one session by its id",
		Args:  cobra.ExactArgs(1),
		RunE:  func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args[0]) },
	}
	o.addFlag(c)
	addReason(c, &o.reason)
	return c
}

func (o tokenRevokeOptions) run(ctx context.Context, a *app, session string) error {
	id, err := uuid.Parse(session)
	if err != nil {
		return usage("authctl token list shows the ids", "%q is not a session id", session)
	}
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	if err := inst.authn.EndSession(ctx, a.actor(o.reason), id); err != nil {
		return orUser(ctx, inst, id, err)
	}
	a.say("ended session %s", id)
	_, err = o.awaitServers(ctx, a, inst.authn)
	return err
}

// orUser adds a hint to the error for an unknown session id if the id belongs to a user.
func orUser(ctx context.Context, inst *instance, id uuid.UUID, cause error) error {
	if authn.CodeOf(cause) != authn.CodeSessionNotFound {
		return cause
	}
	user, err := inst.authn.User(ctx, id.String())
	if err != nil || user.ID != id {
		return cause
	}
	return &problem{exitNotFound, fmt.Errorf("%w; it is the id of user %s", cause, markedName(user.Username)), "authctl token revoke-all --user " + id.String() + " ends all of the user's sessions"}
}
