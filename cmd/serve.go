package cmd

import (
	"context"
	"errors"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/cmd/config"
	"github.com/authctl/authctl/server"
	"github.com/authctl/authctl/store"
)

type serveOptions struct {
	migrate bool
	host    string
	port    string
}

func newServe(a *app) *cobra.Command {
	var o serveOptions
	c := &cobra.Command{
		Use:   "serve",
		Short: "Answer the HTTP API",
		Long: `Answer the HTTP API until SIGTERM or SIGINT. Then /readyz answers 503, and the server
still accepts requests for server.drain_delay. After that it refuses new connections and
finishes pending requests within server.shutdown_timeout. A second signal ends it at once.

Without any configuration the server keeps its data in ./authctl.db, creates a secret in
./authctl.secret, and listens on 127.0.0.1:8000.`,
		Example: `  authctl serve
  DATABASE_URL=postgres://… JWT_SECRET=$(authctl secret generate) authctl serve --migrate`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	f := c.Flags()
	f.BoolVar(&o.migrate, "migrate", false, "apply pending migrations first (always done on SQLite)")
	f.StringVar(&o.host, "host", "", "listen on this `address` (server.host)")
	f.StringVar(&o.port, "port", "", "listen on this `port`, 0 for any (server.port)")
	return c
}

func (o serveOptions) run(ctx context.Context, a *app) error {
	if o.host != "" {
		a.sources.Flags["server.host"] = o.host
	}
	if o.port != "" {
		a.sources.Flags["server.port"] = o.port
	}
	need := opening{create: true, signs: true, hashes: true, serves: true}
	if o.migrate {
		need.migrate = migrateAlways
	}
	inst, err := a.open(ctx, need)
	if err != nil {
		return err
	}
	defer inst.close()
	listening, err := listenOn(ctx, &inst.cfg)
	if err != nil {
		return err
	}
	defer listening.close()
	if err := a.warnOfNewerSchema(ctx, inst.store); err != nil {
		return err
	}
	if err := a.warnOfSharedNames(ctx, inst); err != nil {
		return err
	}
	a.warnOfOpenFiles(inst)
	log := a.log.Logger
	mails, err := newMailroom(inst, listening.public, a.log)
	if err != nil {
		return err
	}
	changes := newReloader(a, inst, mails, a.log.gate, log)
	settings := config.ServerSettings(inst.cfg, buildVersion())
	settings.Ready = changes.ready
	settings.Mail = mails.stats()
	settings.LogStats = a.log.stats
	srv, err := server.New(settings, inst.authn, inst.store, log)
	if err != nil {
		return &problem{exitUsage, err, ""}
	}
	if err := inst.prepare(ctx, log); err != nil {
		return err
	}
	inst.authn.AddThreads()
	collectLess()
	ctx, leave, err := inst.join(ctx, changes, srv, mails, a.log)
	if err != nil {
		return err
	}
	defer leave()
	a.welcome(inst, listening)
	a.log.lines.Delay()
	said := make(chan struct{})
	unsaid := context.AfterFunc(ctx, func() {
		defer close(said)
		a.log.lines.End()
		a.draining(ctx, inst.cfg)
	})
	err = srv.Run(ctx, listening.public, listening.admin)
	a.log.lines.End()
	if !unsaid() {
		<-said
	}
	if cause := context.Cause(ctx); errors.Is(cause, store.ErrReplaced) {
		return errors.Join(cause, err)
	}
	return err
}

// prepare tests the implementation of Argon2, and opens the signing keys.
func (inst *instance) prepare(ctx context.Context, log zerolog.Logger) error {
	if err := inst.authn.SelfCheck(); err != nil {
		log.Error().Err(err).Msg("password hashes are computed by the portable implementation")
	}
	err := inst.authn.Keys.Open(ctx, authn.Actor{Name: "node:" + thisNode().Name})
	if errors.Is(err, authn.ErrKeyClosed) {
		return &problem{exitFailed, err, "put that secret into jwt.previous_secrets; if it is lost, run authctl key rotate --now: it makes a new key and ends every access token"}
	}
	return err
}

// warnOfNewerSchema says that a newer release has migrated the database, which is how an
// upgrade goes; that it may go no further is for the operator to notice.
func (a *app) warnOfNewerSchema(ctx context.Context, st store.Store) error {
	schema, err := st.Schema(ctx)
	if err != nil {
		return err
	}
	if schema.Newer() {
		a.say("warning: %s: finish the upgrade of this server", newerSchema(schema))
	}
	return nil
}
