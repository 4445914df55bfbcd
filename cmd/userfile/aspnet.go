package userfile

import (
	"time"

	"github.com/authctl/authctl/authn"
)

// aspNetColumns returns the columns of AspNetUsers. Roles is added by the query that exports it.
func aspNetColumns() columns {
	return columns{
		known: []string{"Id", "UserName", "NormalizedUserName", "Email", "NormalizedEmail", "EmailConfirmed", "PasswordHash", "SecurityStamp", "ConcurrencyStamp",
			"PhoneNumber", "PhoneNumberConfirmed", "TwoFactorEnabled", "LockoutEnd", "LockoutEndDateUtc", "LockoutEnabled", "AccessFailedCount", "Roles"},
		must: []string{"UserName", "PasswordHash"}, hash: "PasswordHash", login: "UserName", open: true,
	}
}

// aspNetRow reads a row of AspNetUsers. Identity has no time of creation.
func (r *Reader) aspNetRow(cells map[string]string) (u authn.Arrival, err error) {
	name, email, id := pick(cells, "UserName"), pick(cells, "Email"), pick(cells, "Id")
	u.Username, u.Origin = name, "aspnet/"+first(name, email)
	confirmed := isTrue(pick(cells, "EmailConfirmed"))
	if err = r.identify(&u, identity{username: name, email: email, confirmed: confirmedIf(confirmed, email)}); err != nil {
		return u, err
	}
	if err = setID(&u, "aspnet", id); err != nil {
		return u, err
	}
	u.PasswordHash = pick(cells, "PasswordHash")
	end, enabled := pick(cells, "LockoutEnd", "LockoutEndDateUtc"), pick(cells, "LockoutEnabled")
	locked, err := r.until("LockoutEnd", end, time.Now())
	if err != nil {
		return u, err
	}
	if locked && (enabled == "" || isTrue(enabled)) {
		u.DisabledAt = later(u.CreatedAt)
	}
	r.grant(&u, words(pick(cells, "Roles"))...)
	pick(cells, "NormalizedUserName", "NormalizedEmail", "SecurityStamp", "ConcurrencyStamp", "AccessFailedCount", "PhoneNumberConfirmed")
	return r.leave(u, cells)
}
