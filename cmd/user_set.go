package cmd

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// rightsOptions is the flags of a new user's roles and claims.
type rightsOptions struct {
	roles  []string // each may be several, with commas between them
	claims []string // NAME=VALUE
}

func (o *rightsOptions) addFlags(c *cobra.Command) {
	f := c.Flags()
	f.StringArrayVar(&o.roles, "role", nil, "give this `role`; may be repeated")
	f.StringArrayVar(&o.claims, "claim", nil, "set this claim, `name=value`; may be repeated")
}

// change returns the flags as a change of rights.
func (o *rightsOptions) change() (authn.RightsChange, error) {
	c := authn.RightsChange{Grant: splitRoles(o.roles), Set: map[string]jsontext.Value{}}
	for _, text := range o.claims {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return c, usage(`--claim plan=pro, --claim 'limits={"seats":3}'`, "--claim must be NAME=VALUE")
		}
		if _, twice := c.Set[name]; twice {
			return c, usage("", "--claim sets %q twice", name)
		}
		var err error
		if c.Set[name], err = claimValue(name, value); err != nil {
			return c, err
		}
	}
	return c, nil
}

// splitRoles splits the values of a flag at commas. It keeps what is empty or no role, so that it is
// refused: an unset variable of a script must not pass as no role.
func splitRoles(values []string) (roles []string) {
	for _, value := range values {
		roles = append(roles, strings.Split(value, ",")...)
	}
	return roles
}

// claimValue returns a claim's value: text that is JSON is that, and other text is a JSON string. A
// misspelt object must not become a string.
func claimValue(name, text string) (jsontext.Value, error) {
	value := jsontext.Value(strings.TrimSpace(text))
	switch {
	case value.IsValid():
		return value, nil
	case len(value) > 0 && strings.ContainsRune(`{["`, rune(value[0])):
		return nil, usage("", "--claim %s: the value begins as JSON and is not valid JSON", name)
	}
	value, err := jsontext.AppendQuote(nil, text)
	if err != nil {
		return nil, usage("", "--claim %s: the value is not valid UTF-8", name)
	}
	return value, nil
}

type userSetOptions struct {
	userChangeOptions
	rightsOptions
	unroles  []string
	unclaims []string
}

func newUserSet(a *app) *cobra.Command {
	var o userSetOptions
	c := &cobra.Command{
		Use:   "set NAME|ID",
		Short: "Give a user roles and claims, or take them away",
		Long: `Give a user roles and claims, or take them away. Applications find them in the access token, in
/profile, and in the headers of a proxy; what a role allows is theirs to say.

A role has 1 to 64 characters of a-z 0-9 _ . : - and a user has at most 64 roles. A claim is any
JSON: a value that is JSON is taken as such (3, true, {"seats":3}), and any other as text; '"3"'
is the text 3. All claims of a user may have 2 KiB, and an access token 3,500 bytes.

The change is in force on every server within a second, and signs nobody out: servers answer the
user's older access tokens with token_expired, so that clients refresh them once. A role or claim
that the user has already, or lacks already, is no error. A line names what the user lacked.`,
		Example: `  authctl user set alice --role admin --role billing:read
  authctl user set alice --unrole admin --claim plan=pro --unclaim trial --reason INC-7`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args[0]) },
	}
	o.userChangeOptions.addFlags(c)
	o.rightsOptions.addFlags(c)
	f := c.Flags()
	f.StringArrayVar(&o.unroles, "unrole", nil, "take this `role` away; may be repeated")
	f.StringArrayVar(&o.unclaims, "unclaim", nil, "remove the claim of this `name`; may be repeated")
	return c
}

func (o *userSetOptions) run(ctx context.Context, a *app, name string) error {
	change, err := o.rightsOptions.change()
	if err != nil {
		return err
	}
	change.Revoke, change.Unset = splitRoles(o.unroles), o.unclaims
	if len(change.Grant)+len(change.Revoke)+len(change.Set)+len(change.Unset) == 0 {
		return usage("authctl user set NAME --role admin", "nothing to set: give --role, --unrole, --claim or --unclaim")
	}
	return o.userChangeOptions.change(ctx, a, name, func(inst *instance, user store.User) (store.User, error) {
		before := user.Rights
		user, changed, err := inst.authn.SetRights(ctx, a.actor(o.reason), user.ID.String(), change)
		if err != nil {
			return user, err
		}
		if absent := absentRights(before, change); absent != "" { // it may be misspelt, and another one stays
			a.say("%s had no %s", markedName(user.Username), absent)
		}
		if !changed { // an earlier change may not have reached the servers yet: they are awaited all the same
			a.say("nothing changed: the roles and claims of %s are so already", markedName(user.Username))
		}
		return user, nil
	})
}

// absentRights lists what a change takes away that is not there.
func absentRights(r store.Rights, c authn.RightsChange) string {
	var absent []string
	for _, role := range c.Revoke {
		if !slices.Contains(r.RoleList(), role) {
			absent = append(absent, "role "+role)
		}
	}
	var claims map[string]jsontext.Value
	_ = json.Unmarshal([]byte(cmp.Or(r.Claims, "{}")), &claims) // stored ones are valid
	for _, name := range c.Unset {
		if _, there := claims[name]; !there {
			absent = append(absent, fmt.Sprintf("claim %q", name))
		}
	}
	return strings.Join(absent, ", ")
}
