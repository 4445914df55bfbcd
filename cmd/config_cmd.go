package cmd

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/store/sqlite"
	"github.com/authctl/authctl/store/sqlite/dbfile"
)

func newConfig(a *app) *cobra.Command {
	return group("config", "Check and show the configuration", newConfigCheck(a), newConfigShow(a))
}

type configCheckOptions struct{ listen bool }

func newConfigCheck(a *app) *cobra.Command {
	var o configCheckOptions
	c := &cobra.Command{
		Use:   "check",
		Short: "Say everything that is wrong with the configuration; exit 3 if anything is",
		Long: `Look at the configuration as "authctl serve" does before it opens its database, and say
everything that is wrong. No database is asked, and no file is made.

With --listen it also opens the listeners, and closes them again. That fails while a
server has them.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	c.Flags().BoolVar(&o.listen, "listen", false, "also listen, for a moment, on server.host, server.port and server.admin_listen")
	return c
}

func (o configCheckOptions) run(ctx context.Context, a *app) error {
	cfg, err := a.load(ctx, everySecret)
	if err == nil {
		err = cfg.checkStart(ctx)
	}
	if err == nil {
		err = cfg.checkFiles()
	}
	var on listeners
	if err == nil && o.listen {
		if on, err = listenOn(ctx, &cfg); err == nil {
			on.close()
		}
	}
	if err != nil {
		return &problem{exitCheck, err, endingOf(err).hint}
	}
	a.warn(cfg)
	if o.listen {
		a.say("listening works on %s", on)
	}
	a.say("the configuration is good")
	return nil
}

// checkFiles reports what would keep `serve` from its SQLite file, and from the secret beside it. Opening them
// finds the same, by the same code.
func (l *loaded) checkFiles() error {
	path, onSQLite := l.sqlitePath()
	if !onSQLite {
		return nil
	}
	var bad faults
	if err := sqlite.Check(path); err != nil {
		why := err.Error()
		if do := dbfile.Advice(err); do != "" {
			why += "; " + do
		}
		bad.add("database.url", "%s", why)
	}
	kept := secretPath(path)
	if _, err := os.Stat(kept); err == nil && l.JWT.Secret == "" {
		if _, err := keptSecret(kept); err != nil {
			bad.add("jwt.secret", "%v", err)
		}
	}
	return l.located(bad)
}

// settingView is one setting in JSON and YAML.
type settingView struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

func newConfigShow(a *app) *cobra.Command {
	var o output
	c := &cobra.Command{
		Use:   "show",
		Short: "Show every setting, its value and where it came from; secrets are redacted",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.load(c.Context(), everySecret)
			views := viewSettings(&cfg)
			t := table{header: []string{"KEY", "VALUE", "FROM"}}
			for _, v := range views {
				t.rows = append(t.rows, []string{v.Key, v.Value, v.Origin})
			}
			if printErr := o.print(a.out, views, t, nil); printErr != nil {
				return printErr
			}
			return err
		},
	}
	o.addFlag(c, "table", "json", "yaml")
	return c
}

func viewSettings(cfg *loaded) []settingView {
	fields := fieldsOf(&cfg.config)
	var views []settingView
	for _, s := range defaults() {
		views = append(views, settingView{s.key, showValue(s.key, fields[s.key]), cfg.origins[s.key]})
	}
	return views
}

func showValue(key string, field reflect.Value) string {
	switch v := field.Interface().(type) {
	case secret:
		if key == "database.url" {
			return redactURL(string(v))
		}
		if v == "" {
			return ""
		}
		return v.String()
	case time.Duration:
		return v.String()
	case autoNumber:
		if v == 0 {
			return auto
		}
		return fmt.Sprint(int(v))
	case autoSize:
		if v == 0 {
			return auto
		}
		return showSize(size(v))
	case size:
		return showSize(v)
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

func showSize(n size) string {
	return units.CustomSize("%.4g%s", float64(n), 1024, []string{"B", "KiB", "MiB", "GiB", "TiB"})
}

// redactURL hides the password of a database URL, wherever it stands. Of a URL
// that is malformed, or that another program's rules would read, it shows nothing,
// for nobody can tell what in it is the password.
func redactURL(raw string) string {
	if raw == "" || strings.HasPrefix(raw, "sqlite:") {
		return raw
	}
	u, err := url.Parse(raw)
	if err != nil || !isPostgres(raw) {
		return redacted
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil || u.Fragment != "" || strings.Contains(u.EscapedPath()+u.RawQuery, "@") { // perhaps cut off a password
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
