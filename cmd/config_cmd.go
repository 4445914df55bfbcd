package cmd

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/cmd/config"
	"github.com/authctl/authctl/store/sqlite"
	"github.com/authctl/authctl/store/sqlite/dbfile"
)

func newConfig(a *app) *cobra.Command {
	return group("config", "Create, check and show the configuration", newConfigInit(a), newConfigCheck(a), newConfigShow(a))
}

type configCheckOptions struct{ listen bool }

func newConfigCheck(a *app) *cobra.Command {
	var o configCheckOptions
	c := &cobra.Command{
		Use:   "check",
		Short: "List every fault of the configuration; exit 3 if there is one",
		Long: `Check the configuration as "authctl serve" does before it opens its database, and list
every fault. The command opens no database and creates no file.

With --listen it also opens the listeners, and closes them again. That fails while a
server uses their addresses.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	c.Flags().BoolVar(&o.listen, "listen", false, "also open the listeners of server.host, server.port and server.admin_listen for a moment")
	return c
}

func (o configCheckOptions) run(ctx context.Context, a *app) error {
	cfg, err := a.load(ctx, everySecret)
	if err == nil {
		err = cfg.CheckStart(ctx)
	}
	if err == nil {
		err = checkFiles(&cfg)
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

// checkFiles reports faults with which `serve` could not open its SQLite file or the secret beside it.
// `serve` runs the same code when it opens them.
func checkFiles(l *config.Loaded) error {
	path, onSQLite := l.SQLitePath()
	if !onSQLite {
		return nil
	}
	var bad config.Faults
	if err := sqlite.Check(path); err != nil {
		why := err.Error()
		if do := dbfile.Advice(err); do != "" {
			why += "; " + do
		}
		bad.Add("database.url", "%s", why)
	}
	kept := config.SecretPath(path)
	if _, err := os.Stat(kept); err == nil && l.JWT.Secret.Text == "" {
		if _, err := config.KeptSecret(kept); err != nil {
			bad.Add("jwt.secret", "%v", err)
		}
	}
	return l.Located(bad)
}

func newConfigShow(a *app) *cobra.Command {
	var o output
	c := &cobra.Command{
		Use:   "show",
		Short: "Show every setting, its value and where it came from; secrets are redacted",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.load(c.Context(), everySecret)
			views := cfg.Show()
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
