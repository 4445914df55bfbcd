package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
)

type revokeAllOptions struct {
	output
	confirmOptions
	unattendedOptions
	waitOptions
	users         []string
	everyone      bool
	issuedBefore  string
	remoteAddr    string
	exceptSession string
	reason        string
}

func newTokenRevokeAll(a *app) *cobra.Command {
	var o revokeAllOptions
	c := &cobra.Command{
		Use:   "revoke-all --user NAME | --everyone",
		Short: "End every session of users, or of everybody, at once",
		Long: `End every session of users, or of everybody: every access and every refresh token
issued before this moment. The revocation holds before the first row is deleted. Then
the command waits until the running servers confirm the revocation, and exits with 7 if
one does not. It deletes the rows of the dead sessions last. That step can be
interrupted; a running server finishes it.

--issued-before, --remote-addr and --except-session narrow the selection to a list of
sessions. The command ends those in batches.

If no server has used the database within a day, the command asks again, even with --yes:
perhaps people sign in to another database. Without a terminal it revokes, warns, and exits
with 7. --without-servers confirms that the database is the right one.

The command counts the sessions that it ends for at most half a second; --dry-run counts all.`,
		Example: `  authctl token revoke-all --user alice --reason "stolen laptop"
  authctl token revoke-all --everyone --dry-run
  authctl token revoke-all --everyone --yes --reason "INC-2041"
  authctl token revoke-all --everyone --remote-addr 203.0.113.0/24 --issued-before 2h`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	o.output.addFlag(c, "table", "json", "yaml")
	o.confirmOptions.addFlag(c)
	o.unattendedOptions.addFlag(c)
	o.waitOptions.addFlag(c)
	f := c.Flags()
	addUsers(c, &o.users, "end the sessions of the user with this `name` or id; may be repeated")
	f.BoolVar(&o.everyone, "everyone", false, "end the sessions of all users")
	f.StringVar(&o.issuedBefore, "issued-before", "", "only sessions that began before this `time`: 2026-03-01T09:00:00Z, 2026-03-01, or an age such as 2h or 30d")
	f.StringVar(&o.remoteAddr, "remote-addr", "", "only sessions that began from this address or `network`")
	f.StringVar(&o.exceptSession, "except-session", "", "keep the session with this `id`")
	addReason(c, &o.reason)
	return c
}

// revokeAllView is the result in JSON and YAML.
type revokeAllView struct {
	Database      string       `json:"database"`
	Scope         string       `json:"scope"` // everyone, user, or selection when it was narrowed
	Usernames     []string     `json:"usernames"`
	Sessions      *int64       `json:"sessions"` // alive when they were counted, just before; null when counting took too long
	Users         *int64       `json:"users"`
	AtLeast       countedView  `json:"at_least"` // what was counted in that time; the same when all were
	DryRun        bool         `json:"dry_run"`
	Reason        string       `json:"reason"`
	Generation    int64        `json:"generation"` // current now; 0 for a selection or a dry run
	Nodes         *reachedView `json:"nodes"`      // null for a dry run
	PropagationMS int64        `json:"propagation_ms"`
	Deleted       int64        `json:"deleted"`
}

// countedView is how many there are at the least.
type countedView struct {
	Sessions int64 `json:"sessions"`
	Users    int64 `json:"users"`
}

func (o *revokeAllOptions) run(ctx context.Context, a *app) error {
	if o.everyone == (len(o.users) > 0) {
		return usage("authctl token revoke-all --help shows the usage", "say whose sessions: either --user NAME or --everyone")
	}
	filter, err := o.filter(time.Now())
	if err != nil {
		return err
	}
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	if filter.Users, err = findUsers(ctx, a, inst, o.users); err != nil {
		return err
	}
	n, err := o.count(ctx, inst.authn, filter)
	if err != nil {
		return err
	}
	what, view := o.what(filter, n), o.view(a.database, filter, n)
	ok, err := o.agreed(ctx, a, what)
	if err != nil {
		return err
	}
	doubt, err := o.doubt(ctx, a, inst, o.confirmOptions, "end "+what)
	if err != nil {
		return err
	}
	if !filter.Whole() && n.whole && n.Sessions == 0 {
		a.say("warning: no live session matches: check --remote-addr, --issued-before and --except-session against authctl token list")
	}
	if !ok {
		a.showNewest(n)
		return o.print(a.out, view, revokeAllTable(view), nil)
	}
	done, err := inst.authn.Revoke(ctx, a.actor(o.reason), filter)
	if err != nil {
		return errors.Join(err, o.half(ctx, a, inst.authn, done))
	}
	view.Generation = done.Generation
	a.say("ended %s", what)
	reach, notReached := o.awaitServers(ctx, a, inst.authn)
	view.Nodes, view.PropagationMS = viewReach(reach), reach.Took.Milliseconds()
	deleted, notSwept := a.sweepRows(ctx, inst, filter, n)
	view.Deleted = deleted
	if notReached = errors.Join(notReached, doubt); notReached != nil {
		notSwept = nil // what matters more decides how it ends
	}
	return errors.Join(o.print(a.out, view, revokeAllTable(view), nil), notReached, notSwept)
}

// half says how far a revocation got that failed in the middle.
func (o *revokeAllOptions) half(ctx context.Context, a *app, svc *authn.Service, done authn.Revoked) error {
	if !done.Any() {
		return nil
	}
	what := count(done.Sessions, "session")
	if done.Scopes > 0 {
		what = "the sessions of " + strings.Join(o.users[:done.Scopes], ", ")
	}
	a.say("ended %s before the error; run the command again to end the rest", what)
	_, err := o.awaitServers(ctx, a, svc)
	return err
}

// filter reads the flags that narrow the revocation to a list of sessions.
func (o *revokeAllOptions) filter(now time.Time) (filter authn.SessionFilter, err error) {
	if o.issuedBefore != "" {
		if filter.IssuedBefore, err = parseTime(o.issuedBefore, now); err != nil {
			return filter, usage(instantForms, "--issued-before: %q is not a time", o.issuedBefore)
		}
	}
	if o.remoteAddr != "" {
		if filter.From, err = authn.ParseNetwork(o.remoteAddr); err != nil {
			return filter, usage("such as 203.0.113.7 or 203.0.113.0/24", "--remote-addr: %q is neither an address nor a network: %v", o.remoteAddr, err)
		}
	}
	if o.exceptSession != "" {
		if filter.Except, err = uuid.Parse(o.exceptSession); err != nil {
			return filter, usage("authctl token list shows the ids", "--except-session: %q is not a session id", o.exceptSession)
		}
	}
	return filter, nil
}

// agreed asks; for everybody, in full.
func (o *revokeAllOptions) agreed(ctx context.Context, a *app, what string) (bool, error) {
	if o.everyone {
		return o.confirmWord(ctx, a, "end "+what, "everyone")
	}
	return o.confirm(ctx, a, "end "+what)
}

func (o *revokeAllOptions) view(database string, filter authn.SessionFilter, n sessionCount) revokeAllView {
	v := revokeAllView{Database: database, Scope: "everyone", Usernames: []string{}, DryRun: o.dryRun, Reason: o.reason}
	for _, u := range filter.Users {
		v.Scope = "user"
		v.Usernames = append(v.Usernames, u.Username)
	}
	if !filter.Whole() {
		v.Scope = "selection"
	}
	v.AtLeast = countedView{n.Sessions, n.Users}
	if n.whole {
		v.Sessions = &n.Sessions
	}
	if n.whole && !n.MoreUsers {
		v.Users = &n.Users
	}
	return v
}

func revokeAllTable(v revokeAllView) table {
	scope := v.Scope
	for _, name := range v.Usernames {
		scope += " " + markedName(name)
	}
	done := "ended"
	if v.DryRun {
		done = "would end"
	}
	number := func(n *int64, atLeast int64) string {
		if n == nil {
			return fmt.Sprintf("%d or more", atLeast)
		}
		return fmt.Sprint(*n)
	}
	return table{
		header: []string{"SCOPE", "SESSIONS", "USERS", "STATE"},
		rows:   [][]string{{scope, number(v.Sessions, v.AtLeast.Sessions), number(v.Users, v.AtLeast.Users), done}},
	}
}
