package cmd

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// clientView is a service account in JSON and YAML.
type clientView struct {
	ID         uuid.UUID       `json:"id"` // sub of its access tokens
	Name       string          `json:"name"`
	Roles      []string        `json:"roles"`
	Claims     json.RawMessage `json:"claims"`
	CreatedAt  time.Time       `json:"created_at"`
	DisabledAt *time.Time      `json:"disabled_at"`
	Secrets    []secretView    `json:"secrets"`            // that are good, the newest first
	Secret     string          `json:"secret,omitempty"`   // after create and rotate only
	Database   string          `json:"database,omitempty"` // after a change only
}

// secretView is a secret without the secret.
type secretView struct {
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt *time.Time `json:"expires_at"` // null for the newest one
}

func viewClient(c store.Client, now time.Time) clientView {
	v := clientView{ID: c.ID, Name: c.Name, Roles: append([]string{}, c.Rights.RoleList()...), Claims: json.RawMessage(cmp.Or(c.Rights.Claims, "{}")),
		CreatedAt: c.CreatedAt, DisabledAt: timeOrNull(c.DisabledAt), Secrets: []secretView{}}
	for _, s := range goodSecrets(c, now) {
		v.Secrets = append(v.Secrets, secretView{s.CreatedAt, timeOrNull(s.ExpiresAt)})
	}
	return v
}

// goodSecrets returns the secrets of a client that are good at an instant, the newest first.
func goodSecrets(c store.Client, now time.Time) []store.ClientSecret {
	return slices.DeleteFunc(slices.Clone(c.Secrets), func(s store.ClientSecret) bool { return !s.Good(now) })
}

// secretsText describes the secrets for people.
func (v clientView) secretsText() string {
	var parts []string
	for _, s := range v.Secrets {
		part := "of " + when(s.CreatedAt)
		if s.ExpiresAt != nil {
			part += " until " + when(*s.ExpiresAt)
		}
		parts = append(parts, part)
	}
	return cmp.Or(strings.Join(parts, ", "), "-")
}

// table shows one client: each line has a name and a value.
func (v clientView) table() table {
	return table{rows: [][]string{
		{"id", v.ID.String()},
		{"name", v.Name},
		{"roles", cmp.Or(strings.Join(v.Roles, ", "), "-")},
		{"claims", cmp.Or(strings.TrimSuffix(string(v.Claims), "{}"), "-")},
		{"created at", when(v.CreatedAt)},
		{"disabled at", whenever(v.DisabledAt)},
		{"secrets", v.secretsText()},
	}}
}

type clientListOptions struct {
	output
	after string
	limit int
}

func newClientList(a *app) *cobra.Command {
	var o clientListOptions
	c := &cobra.Command{
		Use:   "list",
		Short: "List service accounts by name, with the age of their secrets",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	o.addFlag(c, "table", "json", "yaml", "ids")
	c.Flags().StringVar(&o.after, "after", "", "only names that sort after this `name`")
	c.Flags().IntVar(&o.limit, "limit", 0, "print at most this many, 0 for all")
	return c
}

func (o *clientListOptions) run(ctx context.Context, a *app) error {
	if o.limit < 0 {
		return usage("", "--limit must not be negative")
	}
	if o.after != "" && !authn.IsClientName(o.after) {
		return usage("", "--after: %q cannot be the name of a client", o.after)
	}
	inst, err := a.open(ctx, opening{reads: true})
	if err != nil {
		return err
	}
	defer inst.close()
	now := time.Now()
	list := listing[store.Client]{
		output: &o.output, out: a.out,
		header: []string{"NAME", "ID", "CREATED AT", "DISABLED AT", "ROLES", "SECRETS"},
		view:   func(c store.Client) any { return viewClient(c, now) },
		cells: func(c store.Client) []string {
			v := viewClient(c, now)
			return []string{c.Name, c.ID.String(), when(c.CreatedAt), when(c.DisabledAt), cmp.Or(strings.Join(v.Roles, ","), "-"), v.secretsText()}
		},
		id: func(c store.Client) string { return c.ID.String() },
	}
	last := o.after
	more, err := walk(o.limit, func() ([]store.Client, bool, error) {
		clients, err := inst.authn.Clients(ctx, last, pageSize)
		if len(clients) > 0 {
			last = clients[len(clients)-1].Name
		}
		return clients, len(clients) < pageSize, err
	}, func(clients []store.Client) error {
		if len(clients) > 0 {
			last = clients[len(clients)-1].Name
		}
		return list.add(clients)
	})
	if err != nil {
		return err
	}
	if err := list.end(); err != nil {
		return err
	}
	if more {
		a.say("%s", fmt.Sprintf("there are more: add --after %s", last))
	}
	return nil
}
