package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"

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
	case []Client:
		return showClients(v)
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
