package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// rightsOptions is the flags of the roles and claims of a new user or client.
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

// rightsChangeOptions is the flags that give roles and claims to a user or a client, or take them away.
type rightsChangeOptions struct {
	rightsOptions
	unroles  []string
	unclaims []string
}

func (o *rightsChangeOptions) addFlags(c *cobra.Command) {
	o.rightsOptions.addFlags(c)
	f := c.Flags()
	f.StringArrayVar(&o.unroles, "unrole", nil, "take this `role` away; may be repeated")
	f.StringArrayVar(&o.unclaims, "unclaim", nil, "remove the claim of this `name`; may be repeated")
}

// change returns the flags as a change of rights. It fails without any flag; the hint is then the example.
func (o *rightsChangeOptions) change(example string) (authn.RightsChange, error) {
	change, err := o.rightsOptions.change()
	if err != nil {
		return change, err
	}
	change.Revoke, change.Unset = splitRoles(o.unroles), o.unclaims
	if len(change.Grant)+len(change.Revoke)+len(change.Set)+len(change.Unset) == 0 {
		return change, usage(example, "nothing to set: give --role, --unrole, --claim or --unclaim")
	}
	return change, nil
}

// sayRights says what of a change of the named user's or client's rights had no effect. A role that it
// lacked may be misspelt, and another one stays. After no change at all the servers are awaited
// too, because an earlier change may not have reached them yet.
func sayRights(a *app, name string, before store.Rights, c authn.RightsChange, changed bool) {
	if absent := absentRights(before, c); absent != "" {
		a.say("%s had no %s", name, absent)
	}
	if !changed {
		a.say("nothing changed: the roles and claims of %s are so already", name)
	}
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
