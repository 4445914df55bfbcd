package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/store"
)

type userListOptions struct {
	output
	page store.UserPage
}

func newUserList(a *app) *cobra.Command {
	var o userListOptions
	c := &cobra.Command{
		Use:   "list",
		Short: "List users by name",
		Example: `  authctl user list --search smith
  authctl user list --disabled -o json
  authctl user list --limit 100 --after mallory`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	o.addFlag(c, "table", "json", "yaml", "ids")
	f := c.Flags()
	f.StringVar(&o.page.Search, "search", "", "only names that contain this `text`")
	f.BoolVar(&o.page.Disabled, "disabled", false, "only users who are disabled")
	f.StringVar(&o.page.After, "after", "", "only names that sort after this `name`")
	f.IntVar(&o.page.Limit, "limit", 0, "print at most this many, 0 for all")
	return c
}

func (o *userListOptions) run(ctx context.Context, a *app) error {
	limit := o.page.Limit
	if limit < 0 {
		return usage("", "--limit must not be negative")
	}
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	list := listing[store.User]{
		output: &o.output, out: a.out,
		header: []string{"USERNAME", "ID", "CREATED AT", "DISABLED AT", "PASSWORD DISABLED AT"},
		view:   func(u store.User) any { return viewUser(u) },
		cells: func(u store.User) []string {
			return []string{markedName(u.Username), u.ID.String(), when(u.CreatedAt), when(u.DisabledAt), when(u.PasswordDisabledAt)}
		},
		id: func(u store.User) string { return u.ID.String() },
	}
	page, last := o.page, ""
	page.Limit = pageSize
	more, err := walk(limit, func() ([]store.User, bool, error) {
		users, next, err := inst.authn.Users(ctx, page)
		page.After = next
		return users, next == "", err
	}, func(users []store.User) error {
		if len(users) > 0 {
			last = users[len(users)-1].Username
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
