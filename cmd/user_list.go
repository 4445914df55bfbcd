package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

type userListOptions struct {
	output
	page  store.UserPage
	roles []string // each may be several, with commas between them
}

func newUserList(a *app) *cobra.Command {
	var o userListOptions
	c := &cobra.Command{
		Use:   "list",
		Short: "List users by name, with the kind of password and the e-mail address of each",
		Example: `  authctl user list --search smith
  authctl user list --disabled -o json
  authctl user list --role admin --role billing:read
  authctl user list --limit 100 --after mallory`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	o.addFlag(c, "table", "json", "yaml", "ids")
	f := c.Flags()
	f.StringVar(&o.page.Search, "search", "", "only users whose name or e-mail address contains this `text`")
	f.BoolVar(&o.page.Disabled, "disabled", false, "only users who are disabled")
	f.StringArrayVar(&o.roles, "role", nil, "only users who have this `role`; may be repeated: one of them")
	f.StringVar(&o.page.After, "after", "", "only names that sort after this `name`")
	f.IntVar(&o.page.Limit, "limit", 0, "print at most this many, 0 for all")
	return c
}

func (o *userListOptions) run(ctx context.Context, a *app) error {
	limit := o.page.Limit
	if limit < 0 {
		return usage("", "--limit must not be negative")
	}
	inst, err := a.open(ctx, opening{reads: true})
	if err != nil {
		return err
	}
	defer inst.close()
	list := listing[authn.Listed]{
		output: &o.output, out: a.out,
		header: []string{"USERNAME", "ID", "CREATED AT", "DISABLED AT", "PASSWORD DISABLED AT", "EMAIL", "PASSWORD"},
		view:   func(l authn.Listed) any { return viewUser(l) },
		cells: func(l authn.Listed) []string {
			u := l.User
			return []string{markedName(u.Username), u.ID.String(), when(u.CreatedAt), when(u.DisabledAt), when(u.PasswordDisabledAt), viewUser(l).address(), passwordKind(l.Password)}
		},
		id: func(l authn.Listed) string { return l.User.ID.String() },
	}
	page, last := o.page, ""
	page.Limit, page.Roles = pageSize, splitRoles(o.roles)
	more, err := walk(limit, func() ([]authn.Listed, bool, error) {
		users, next, err := inst.authn.Users(ctx, page)
		page.After = next
		return users, next == "", err
	}, func(users []authn.Listed) error {
		if len(users) > 0 {
			last = users[len(users)-1].User.Username
		}
		return list.add(users)
	})
	if err != nil {
		return err
	}
	if err := list.end(); err != nil {
		return err
	}
	if more {
		a.say("there are more: add --after %q", last)
	}
	return nil
}
