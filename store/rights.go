package store

import "strings"

// Rights is what a user may do, and what else applications shall know of the user. Operators set
// it; authctl only hands it on.
type Rights struct {
	Roles      string // sorted words, each once, separated by spaces; "" for none
	Claims     string // a JSON object in its shortest form; "" for none
	Generation int64  // raised by each change, by the rule of [Generation]; access tokens of an earlier one must be refreshed
}

// RoleList returns the roles, nil for none.
func (r Rights) RoleList() []string {
	if r.Roles == "" {
		return nil
	}
	return strings.Split(r.Roles, " ")
}

// Same reports whether r and other are the same roles and claims, of whatever generation.
func (r Rights) Same(other Rights) bool { return r.Roles == other.Roles && r.Claims == other.Claims }
