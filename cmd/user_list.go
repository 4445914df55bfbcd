package cmd

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/store"
)

const pageSize = 1000 // rows read at a time

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
	page := o.page
	users, more, err := collect(limit, func(n int) ([]store.User, error) {
		page.Limit = n
		users, err := inst.authn.Users(ctx, page)
		if len(users) > 0 {
			page.After = users[len(users)-1].Folded
		}
		return users, err
	})
	if err != nil {
		return err
	}
	views := make([]userView, len(users))
	ids := make([]string, len(users))
	t := table{header: []string{"USERNAME", "ID", "CREATED AT", "DISABLED AT", "PASSWORD DISABLED AT"}}
	for i, u := range users {
		views[i], ids[i] = viewUser(u), u.ID.String()
		t.rows = append(t.rows, []string{u.Username, u.ID.String(), when(u.CreatedAt), when(u.DisabledAt), when(u.PasswordDisabledAt)})
	}
	if err := o.print(a.out, views, t, ids); err != nil {
		return err
	}
	if more {
		a.say("there are more: add --after %q", users[len(users)-1].Username)
	}
	return nil
}

// collect reads pages by key until limit rows are there, 0 meaning all of them.
// It asks for one row more than it returns, to know whether there are more.
func collect[T any](limit int, next func(n int) ([]T, error)) (rows []T, more bool, err error) {
	for {
		n := pageSize
		if limit > 0 {
			n = min(n, limit+1-len(rows))
		}
		page, err := next(n)
		if err != nil {
			return nil, false, err
		}
		rows = append(rows, page...)
		if limit > 0 && len(rows) > limit {
			return rows[:limit], true, nil
		}
		if len(page) < n {
			return rows, false, nil
		}
	}
}
