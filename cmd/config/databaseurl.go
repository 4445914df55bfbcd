package config

import (
	"net/url"
	"strings"
)

func isPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// RedactURL hides the password of a database URL, also in its query. It shows nothing of a URL that
// is malformed or that other programs read differently, because any part of it may be the password.
func RedactURL(raw string) string {
	if raw == "" || strings.HasPrefix(raw, "sqlite:") {
		return raw
	}
	u, err := url.Parse(raw)
	if err != nil || !isPostgres(raw) {
		return redacted
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil || u.Fragment != "" || strings.Contains(u.EscapedPath()+u.RawQuery, "@") { // a part of it may be a password
		return redacted
	}
	if _, has := u.User.Password(); has {
		u.User = url.UserPassword(u.User.Username(), "redacted")
	}
	if q.Has("password") || q.Has("sslpassword") {
		for _, name := range []string{"password", "sslpassword"} {
			if q.Has(name) {
				q.Set(name, "redacted")
			}
		}
		u.RawQuery = q.Encode()
	}
	return u.String()
}
