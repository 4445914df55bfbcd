package userfile

import "github.com/authctl/authctl/authn"

// wordpressColumns returns the columns of wp_users, and those of `wp user list`.
func wordpressColumns() columns {
	return columns{
		known: []string{"ID", "user_login", "user_pass", "user_nicename", "user_email", "user_url", "user_registered", "user_activation_key", "user_status",
			"display_name", "spam", "deleted", "roles"},
		must: []string{"user_login", "user_pass"}, hash: "user_pass", login: "user_login", open: true,
	}
}

// wordpressRow reads a row of wp_users. WordPress keeps times in UTC, and confirms no addresses.
func (r *Reader) wordpressRow(cells map[string]string) (u authn.Arrival, err error) {
	login, email, id := pick(cells, "user_login"), pick(cells, "user_email"), pick(cells, "ID")
	u.Username, u.Origin = login, "wordpress/"+login
	if err = r.named(&u, identity{username: login, slug: pick(cells, "user_nicename"), email: email}); err != nil {
		return u, err
	}
	if err = setID(&u, "wordpress", id); err != nil {
		return u, err
	}
	u.PasswordHash = pick(cells, "user_pass")
	if u.CreatedAt, err = r.time("user_registered", pick(cells, "user_registered")); err != nil {
		return u, err
	}
	if spam, deleted := isTrue(pick(cells, "spam")), isTrue(pick(cells, "deleted")); spam || deleted { // of a network of sites
		u.DisabledAt = later(u.CreatedAt)
	}
	r.grant(&u, words(pick(cells, "roles"))...)
	pick(cells, "user_status") // of no use since WordPress 2
	return r.leave(u, cells)
}
