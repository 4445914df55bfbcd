package userfile

import (
	"strings"

	"github.com/authctl/authctl/authn"
)

// kratos reads an identity in the format of Ory Kratos's admin API, as it lists identities
// (/admin/identities?include_credential=password) or imports them.
func (r *Reader) kratos(o object) (u authn.Arrival, err error) {
	var id, state, created string
	var traits struct{ Username, Email string }
	var credentials struct {
		Password struct {
			Identifiers []string
			Config      struct {
				HashedPassword string `json:"hashed_password"`
			}
		}
	}
	var addresses []struct {
		Value    string
		Verified bool
	}
	err = o.takeAll(map[string]any{"id": &id, "verifiable_addresses": &addresses, "state": &state, "created_at": &created, "credentials": &credentials})
	if err != nil {
		return u, err
	}
	raw := object{}
	if err = o.take("traits", &raw); err != nil {
		return u, err
	}
	if err = raw.takeAll(map[string]any{"username": &traits.Username, "email": &traits.Email}); err != nil {
		return u, err
	}
	for name := range raw {
		r.drop("traits." + name)
	}
	if traits.Username == "" && traits.Email == "" && len(credentials.Password.Identifiers) > 0 {
		traits.Username = credentials.Password.Identifiers[0]
		if strings.Contains(traits.Username, "@") {
			traits.Username, traits.Email = "", traits.Username
		}
	}
	who := identity{username: traits.Username, email: traits.Email}
	for _, a := range addresses {
		who.confirmed = append(who.confirmed, confirmedIf(a.Verified, a.Value)...)
	}
	if err = r.identify(&u, who); err != nil {
		return u, err
	}
	u.Origin = "kratos/" + first(who.username, who.email)
	if err = setID(&u, "kratos", id); err != nil {
		return u, err
	}
	if u.CreatedAt, err = r.time("created_at", created); err != nil {
		return u, err
	}
	if state == "inactive" {
		u.DisabledAt = later(u.CreatedAt)
	}
	u.PasswordHash = credentials.Password.Config.HashedPassword
	return u, nil
}
