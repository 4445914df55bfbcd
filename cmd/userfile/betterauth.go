package userfile

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/authctl/authctl/authn"
)

// betterAuthColumns returns the columns of better-auth's user, and those of account that a query adds
// to them. Adapters write them in camel case or with underscores.
func betterAuthColumns() columns {
	return columns{
		known: []string{"id", "name", "email", "emailVerified", "email_verified", "image", "createdAt", "created_at", "updatedAt", "updated_at",
			"username", "displayUsername", "display_username", "role", "banned", "banReason", "ban_reason", "banExpires", "ban_expires",
			"password", "providerId", "provider_id", "accountId", "account_id", "userId", "user_id"},
		must: []string{"id", "email", "password"}, hash: "password", login: "username", open: true,
	}
}

// betterAuth reads a user with the password beside the user's fields, or in a list of accounts.
func (r *Reader) betterAuth(o object) (authn.Arrival, error) {
	for _, list := range []string{"account", "accounts"} {
		var accounts []map[string]any
		if raw, is := o[list]; !is || json.Unmarshal(raw, &accounts) != nil {
			continue
		}
		delete(o, list)
		for _, account := range accounts {
			provider, _ := firstOf(account, "providerId", "provider_id").(string)
			password, _ := account["password"].(string)
			if provider != "credential" {
				r.drop("accounts of " + provider)
				continue
			}
			o["password"], _ = json.Marshal(password)
		}
	}
	if _, is := o["password"]; !is && r.accounts != nil {
		var id string
		if raw := o["id"]; raw != nil {
			id = text(raw)
		}
		o["password"], _ = json.Marshal(r.accounts[id])
	}
	return flat(r.betterAuthRow)(o)
}

func firstOf(members map[string]any, names ...string) any {
	for _, name := range names {
		if value, is := members[name]; is {
			return value
		}
	}
	return nil
}

func (r *Reader) betterAuthRow(cells map[string]string) (u authn.Arrival, err error) {
	name, email, id := pick(cells, "username"), pick(cells, "email"), pick(cells, "id", "userId", "user_id")
	confirmed := isTrue(pick(cells, "emailVerified", "email_verified"))
	u.Username, u.Email = name, email
	if err = r.identify(&u, identity{username: name, email: email, confirmed: confirmedIf(confirmed, email)}); err != nil {
		return u, err
	}
	u.Origin = "better-auth/" + first(id, email)
	if err = setID(&u, "better-auth", id); err != nil {
		return u, err
	}
	u.PasswordHash = pick(cells, "password")
	if u.CreatedAt, err = r.timeOrCount("createdAt", pick(cells, "createdAt", "created_at")); err != nil {
		return u, err
	}
	if err = r.betterAuthBan(&u, isTrue(pick(cells, "banned")), pick(cells, "banExpires", "ban_expires")); err != nil {
		return u, err
	}
	r.grant(&u, words(pick(cells, "role"))...)
	if provider := pick(cells, "providerId", "provider_id"); provider != "" && provider != "credential" {
		r.drop("accounts of " + provider)
	}
	pick(cells, "accountId", "account_id", "updatedAt", "updated_at")
	if strings.EqualFold(pick(cells, "displayUsername", "display_username"), name) {
		return r.leave(u, cells)
	}
	r.drop("displayUsername")
	return r.leave(u, cells)
}

// betterAuthBan disables a user who is banned, unless the ban has ended.
func (r *Reader) betterAuthBan(u *authn.Arrival, banned bool, expires string) error {
	if !banned {
		return nil
	}
	if expires != "" {
		var err error
		if banned, err = r.until("banExpires", expires, time.Now()); err != nil {
			return err
		}
	}
	if banned {
		u.DisabledAt = later(u.CreatedAt)
	}
	return nil
}
