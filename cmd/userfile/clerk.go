package userfile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/authctl/authctl/authn"
)

// clerkColumns returns the columns of the export of Clerk's dashboard.
func clerkColumns() columns {
	return columns{
		known: []string{"id", "first_name", "last_name", "username", "primary_email_address", "primary_phone_number", "verified_email_addresses",
			"unverified_email_addresses", "verified_phone_numbers", "unverified_phone_numbers", "totp_secret", "password_digest", "password_hasher",
			"created_at", "banned", "locked"},
		must: []string{"id", "primary_email_address", "password_digest"}, hash: "password_digest", login: "username", open: true,
	}
}

// clerkRow reads a user of the export of Clerk's dashboard, or of the JSON that Clerk's support makes.
func (r *Reader) clerkRow(cells map[string]string) (u authn.Arrival, err error) {
	verified, unverified := listed(pick(cells, "verified_email_addresses")), listed(pick(cells, "unverified_email_addresses"))
	name, email, id := pick(cells, "username"), pick(cells, "primary_email_address"), pick(cells, "id")
	if email == "" {
		email = first(append(verified, unverified...)...)
	}
	if slices.Contains(unverified, email) { // the dashboard may have it in both
		verified = nil
	}
	u.Username, u.Email = name, email
	if err = r.identify(&u, identity{username: name, email: email, confirmed: verified}); err != nil {
		return u, err
	}
	u.Origin = "clerk/" + first(id, name, email)
	if err = setID(&u, "clerk", id); err != nil {
		return u, err
	}
	if u.CreatedAt, err = r.timeOrCount("created_at", pick(cells, "created_at")); err != nil {
		return u, err
	}
	if isTrue(pick(cells, "banned")) {
		u.DisabledAt = later(u.CreatedAt)
	}
	u.PasswordHash = pick(cells, "password_digest")
	hasher := pick(cells, "password_hasher")
	if u.PasswordHash != "" && (strings.HasPrefix(hasher, "md5") || strings.HasPrefix(hasher, "sha") || hasher == "ldap_ssha") {
		return u, fmt.Errorf("its password has the algorithm %q, which can be guessed billions of times a second: import the user without it, and send a link to reset it", shown(hasher))
	}
	for _, other := range append(verified, unverified...) {
		if other != email {
			r.drop("further e-mail addresses")
		}
	}
	return r.leave(u, cells)
}

// listed splits a list of addresses: a JSON array, or a text with separators.
func listed(list string) []string {
	return strings.FieldsFunc(list, func(c rune) bool { return strings.ContainsRune("|,; []\"\n", c) })
}
