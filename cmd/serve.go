package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
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
		Long: `Answer the HTTP API until SIGTERM or SIGINT. Then /readyz answers 503, requests are
answered on for server.drain_delay, new connections are refused, and requests under
way are finished, for as long as server.shutdown_timeout. A second signal ends it at
once.

Without any configuration it keeps its data in ./authctl.db, makes a secret in
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
		a.sources.flags["server.host"] = o.host
	}
	if o.port != "" {
		a.sources.flags["server.port"] = o.port
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
	public, err := listen(net.JoinHostPort(inst.cfg.Server.Host, strconv.Itoa(int(inst.cfg.Server.Port))), "server.port", "--port, PORT or server.port chooses another")
	if err != nil {
		return err
	}
	defer public.Close()
	var admin net.Listener
	if address := inst.cfg.Server.AdminListen; address != "" {
		if admin, err = listen(address, "server.admin_listen", `AUTHCTL_SERVER_ADMIN_LISTEN or server.admin_listen chooses another, "" in the file turns it off`); err != nil {
			return err
		}
		defer admin.Close()
	}
	if err := a.warnOfNewerSchema(ctx, inst.store); err != nil {
		return err
	}
	log, gate := newLogger(a, inst.cfg)
	changes := newReloader(a, inst, gate, log)
	settings := serverSettings(inst.cfg)
	settings.Ready = changes.ready
	srv, err := server.New(settings, inst.authn, inst.store, log)
	if err != nil {
		return &problem{exitUsage, err, ""}
	}
	if err := inst.authn.SelfCheck(); err != nil {
		log.Error().Err(err).Msg("password hashes are computed by the portable implementation")
	}
	if err := inst.authn.OpenKeys(ctx, authn.Actor{Name: "node:" + thisNode().Name}); err != nil {
		if errors.Is(err, authn.ErrKeyClosed) {
			return &problem{exitFailed, err, "put that secret into jwt.previous_secrets; if it is lost, authctl key rotate --now makes a new key, and all access tokens die with the old one"}
		}
		return err
	}
	makeRoom(inst.authn.HashStats().Budget.Workers)
	// What runs beside the server goes on while it drains, and ends after it.
	beside, stop := context.WithCancel(context.WithoutCancel(ctx))
	kicked := make(chan struct{}, 1)
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	leave, err := inst.authn.Join(beside, serving(inst.cfg), func(e authn.FollowEvent, err error) {
		logFollowing(log, e, err)
		if e == authn.Replaced {
			end(err)
		}
		if e == authn.KeyClosed { // perhaps its secret is in Vault by now
			select {
			case kicked <- struct{}{}:
			default:
			}
		}
	})
	if err != nil {
		stop()
		return err
	}
	if err := refuseRestoring(inst.cfg); err != nil { // one that begins now sees this server
		stop()
		leave()
		return err
	}
	var background sync.WaitGroup
	background.Go(func() { sweepEvery(beside, inst.authn, 10*time.Minute, log) })
	background.Go(leave)
	background.Go(func() { changes.run(beside, srv, kicked) })
	defer func() { logUnfinished(log, inst.authn.PendingLogouts()) }()
	defer background.Wait()
	defer stop()
	a.welcome(inst, public.Addr(), admin)
	err = srv.Run(ctx, public, admin)
	if cause := context.Cause(ctx); errors.Is(cause, store.ErrReplaced) {
		return errors.Join(cause, err)
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

// makeRoom lets Go run as many threads more as there may be password hashes. A hash
// keeps one to itself for long, by Go's measure, and requests that are quick would wait
// for it to be moved aside; the operating system's scheduler does that much sooner. On two
// CPUs that are busy hashing, the slowest hundredth of profile requests took 10 times as
// long as on idle ones, and so takes 2 to 3 times as long.
func makeRoom(workers int) { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + workers) }

// thisNode is this process, as other processes see it.
func thisNode() store.Node {
	name, err := os.Hostname()
	if err != nil {
		name = "unknown"
	}
	return store.Node{ID: uuid.New(), Name: name, Version: buildVersion()}
}

// serving is this process as a server that announces itself.
func serving(cfg loaded) store.Node {
	n := thisNode()
	n.Environment = cfg.Environment
	return n
}

func logFollowing(log zerolog.Logger, e authn.FollowEvent, err error) {
	switch {
	case err == nil:
		log.Info().Msg(string(e))
	case e == authn.WentBack || e == authn.Restored || e == authn.Replaced:
		log.Error().Err(err).Msg(string(e))
	default:
		log.Warn().Err(err).Msg(string(e))
	}
}

// logUnfinished names the sessions whose logout is forgotten with this process.
func logUnfinished(log zerolog.Logger, sessions []uuid.UUID) {
	for some := range slices.Chunk(sessions, 100) { // so that no line is endless
		ids := zerolog.Arr()
		for _, id := range some {
			ids.Str(id.String())
		}
		log.Warn().Array("sessions", ids).
			Msg("the database did not take these logouts before the server ended; end each session with authctl token revoke SESSION")
	}
}

// listen opens a listener, and says what to do when the port is taken.
func listen(address, key, hint string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, &problem{exitFailed, fmt.Errorf("%s: %w", key, err), hint}
	}
	return l, nil
}

func serverSettings(cfg loaded) server.Config {
	return server.Config{
		PublicURL:        cfg.Server.PublicURL,
		TrustedOrigins:   cfg.Server.TrustedOrigins,
		AllowedOrigins:   cfg.Server.CORS.AllowedOrigins,
		TrustedProxies:   cfg.Server.TrustedProxies,
		ForwardedHeader:  cfg.Server.ForwardedHeader,
		ProxyProtocol:    cfg.Server.ProxyProtocol,
		Limits:           cfg.Limits.requests(),
		MaxConnections:   cfg.Server.MaxConnections,
		MaxPerAddress:    cfg.Server.MaxConnectionsPerAddress,
		CookieSecure:     string(cfg.Cookies.Secure),
		CookieSameSite:   cfg.Cookies.SameSite,
		CookieDomain:     cfg.Cookies.Domain,
		CookieHostPrefix: cfg.Cookies.HostPrefix,
		AdminHosts:       cfg.Server.AdminHosts,
		AdminProfiles:    cfg.Server.AdminProfiles,
		DrainDelay:       cfg.Server.DrainDelay,
		ShutdownTimeout:  cfg.Server.ShutdownTimeout,
		Certificate:      cfg.Server.TLS.certificate(),
		Version:          buildVersion(),
	}
}

// welcome says where everything is, and on a first start what to try.
func (a *app) welcome(inst *instance, public net.Addr, admin net.Listener) {
	url := inst.cfg.Server.scheme() + "://" + reachable(public.String())
	a.say("database %s", inst.where())
	if inst.secretFile != "" {
		a.say("secret %s", inst.secretFile)
	}
	if admin != nil {
		a.say("metrics on http://%s/metrics", admin.Addr())
	}
	a.say("Argon2's implementation is %q", inst.authn.HashStats().Implementation)
	a.say("listening on %s", url)
	a.sayBudget(inst)
	a.warn(inst.cfg)
	if inst.created == "" {
		return
	}
	a.say("try it:")
	for _, line := range []string{
		`curl -s ` + url + `/register --json '{"username":"alice","password":"correct horse battery staple"}'`,
		`curl -s -c cookies.txt ` + url + `/login --json '{"username":"alice","password":"correct horse battery staple"}'`,
		`curl -s -b cookies.txt ` + url + `/profile`,
	} {
		fmt.Fprintf(a.err, "  %s\n", line)
	}
}

// reachable turns the address of a listener into one that can be dialled from
// this machine.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// sweepEvery deletes at once, and then at each interval, what no longer matters:
// dead sessions, old revocations, nodes that died. Before that it looks at what password hashes are
// stored.
func sweepEvery(ctx context.Context, svc *authn.Service, interval time.Duration, log zerolog.Logger) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if err := svc.LookAtHashes(ctx); err != nil && ctx.Err() == nil {
			log.Warn().Err(err).Msg("learn how long refused sign-ins are to take")
		}
		n, err := svc.Sweep(ctx, store.Everyone(), nil)
		if err == nil {
			err = svc.Forget(ctx)
		}
		if err != nil && ctx.Err() == nil {
			log.Warn().Err(err).Msg("delete dead sessions")
		}
		if n > 0 {
			log.Info().Int64("sessions", n).Msg("deleted dead sessions")
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
