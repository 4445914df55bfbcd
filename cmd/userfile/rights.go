package userfile

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/authctl/authctl/authn"
)

// grant gives a user the roles of the file. [Reader.LostRoles] has those that can be no role here.
func (r *Reader) grant(u *authn.Arrival, names ...string) {
	roles := strings.Fields(u.Roles)
	for _, name := range names {
		switch {
		case name == "" || slices.Contains(roles, name):
		case authn.IsRole(name):
			roles = append(roles, name)
		default:
			r.lose(name)
		}
	}
	u.Roles = strings.Join(roles, " ")
}

func (r *Reader) lose(name string) {
	name = shown(name)
	if _, is := r.lost[name]; is || len(r.lost) < maxUnkept {
		r.lost[name]++
	}
}

// LostRoles returns the roles of the file that can be no roles here, sorted, each with the number of
// users who have it.
func (r *Reader) LostRoles() []string {
	var names []string
	for name, n := range r.lost {
		names = append(names, fmt.Sprintf("%q of %d", name, n))
	}
	slices.Sort(names)
	return names
}

// words splits a list of roles, which are separated by commas or blanks. A JSON array is a list
// too.
func words(list string) []string {
	list = strings.TrimSpace(list)
	if strings.HasPrefix(list, "[") {
		var names []string
		if json.Unmarshal([]byte(list), &names) == nil {
			return names
		}
	}
	if strings.HasPrefix(list, "{") && strings.HasSuffix(list, "}") { // an array of PostgreSQL
		list = list[1 : len(list)-1]
	}
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		names = append(names, strings.Trim(strings.TrimSpace(name), `"`))
	}
	return names
}

// metadata grants the roles that an object of metadata has in its members role and roles: a text, or
// a list of texts. It names the other members as not kept, as prefix.NAME.
func (r *Reader) metadata(u *authn.Arrival, prefix string, o object) {
	for _, member := range []string{"role", "roles"} {
		raw, there := o[member]
		var one string
		var list []string
		switch {
		case !there:
			continue
		case json.Unmarshal(raw, &one) == nil:
			r.grant(u, one)
		case json.Unmarshal(raw, &list) == nil:
			r.grant(u, list...)
		default:
			continue
		}
		delete(o, member)
	}
	for name := range o {
		r.drop(prefix + "." + name)
	}
}
