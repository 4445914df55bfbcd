package userfile

import "github.com/authctl/authctl/authn"

// zitadelOrgs returns the members that lead to an organisation.
func zitadelOrgs() []string { return []string{"orgs", "data_orgs", "dataOrgs"} }

// zitadel reads a user of the list humanUsers in an organisation that ZITADEL exports.
func (r *Reader) zitadel(o object) (u authn.Arrival, err error) {
	var id string
	var user struct {
		UserName string
		Email    struct {
			Email           string
			IsEmailVerified bool
			Verified        bool `json:"isVerified"`
		}
		HashedPassword struct{ Value, Algorithm string }
	}
	whole := object{}
	if err = o.take("userId", &id); err != nil {
		return u, err
	}
	if err = o.take("user", &whole); err != nil {
		return u, err
	}
	if len(whole) == 0 { // a user as the API takes one
		whole = o
	}
	if err = whole.takeAll(map[string]any{"userName": &user.UserName, "email": &user.Email, "hashedPassword": &user.HashedPassword}); err != nil {
		return u, err
	}
	email := user.Email.Email
	u.Username = user.UserName
	confirmed := user.Email.IsEmailVerified || user.Email.Verified
	if err = r.identify(&u, identity{username: user.UserName, email: email, confirmed: confirmedIf(confirmed, email)}); err != nil {
		return u, err
	}
	u.Origin = "zitadel/" + first(id, user.UserName, email)
	if err = setID(&u, "zitadel", id); err != nil {
		return u, err
	}
	u.PasswordHash = user.HashedPassword.Value
	r.grant(&u, r.grants[id]...)
	for name := range whole {
		r.drop(name)
	}
	return u, nil
}
