package config

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/docker/go-units"

	"github.com/authctl/authctl/authn/mail"
)

// View is one setting in JSON and YAML.
type View struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

// Show returns every setting, with secrets redacted.
func (l *Loaded) Show() []View {
	var views []View
	for _, f := range fields(&l.Settings) {
		views = append(views, View{f.key, showValue(f.key, f.value), l.Origins[f.key]})
	}
	return views
}

func showValue(key string, field reflect.Value) string {
	switch v := field.Interface().(type) {
	case SecretText:
		if key == "database.url" {
			return RedactURL(string(v))
		}
		if to, err := mail.ParseURL(string(v)); key == "mail.url" && err == nil {
			return to.String() // without user and password
		}
		if v == "" {
			return ""
		}
		return v.String()
	case time.Duration:
		return v.String()
	case autoNumber:
		if v == 0 {
			return Auto
		}
		return fmt.Sprint(int(v))
	case autoSize:
		if v == 0 {
			return Auto
		}
		return ShowSize(Size(v))
	case Size:
		return ShowSize(v)
	default:
		if field.Kind() == reflect.Slice {
			items := make([]string, field.Len())
			for i := range items {
				items[i] = fmt.Sprint(field.Index(i).Interface())
			}
			return strings.Join(items, ",")
		}
		return fmt.Sprint(v)
	}
}

// ShowSize returns a size with the unit that makes it short, with four digits at most.
func ShowSize(n Size) string {
	return units.CustomSize("%.4g%s", float64(n), 1024, []string{"B", "KiB", "MiB", "GiB", "TiB"})
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
