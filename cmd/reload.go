package cmd

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/cmd/config"
	"github.com/authctl/authctl/server"
)

const reconcileAgain = 5 * time.Second // after the signing keys could not be reconciled

// reloader applies changes of the configuration to a running server.
type reloader struct {
	app  *app
	inst *instance
	mail *mailroom // nil while mail is off
	srv  *server.Server
	gate *levelGate
	log  zerolog.Logger
	hup  chan os.Signal

	held      []config.SecretText       // earlier values of jwt.secret in Vault
	running   config.Loaded             // settings in force; those that need a restart have their values from the start
	tried     config.Loaded             // settings read last, applied or refused
	reconcile bool                      // whether the signing keys may differ from the configuration
	lost      string                    // why the last request to Vault failed
	seen      atomic.Pointer[time.Time] // time of the last complete answer of Vault; nil when no secret is in Vault
	maxAge    atomic.Int64
}

func newReloader(a *app, inst *instance, mails *mailroom, gate *levelGate, log zerolog.Logger) *reloader {
	r := &reloader{app: a, inst: inst, mail: mails, gate: gate, log: log, running: inst.cfg, tried: inst.cfg, hup: make(chan os.Signal, 1)}
	r.maxAge.Store(int64(inst.cfg.Vault.MaxAge))
	r.heard(inst.cfg)
	signal.Notify(r.hup, syscall.SIGHUP) // from now on, it ends the process no more
	return r
}

// heard records that Vault has just returned every secret of a configuration.
func (r *reloader) heard(cfg config.Loaded) {
	if len(cfg.Refs) == 0 {
		r.seen.Store(nil)
		return
	}
	now := time.Now()
	r.seen.Store(&now)
}

// run reloads at SIGHUP, when a watched file has changed, and when a secret in Vault has changed,
// until ctx ends. kicked makes it query Vault at once.
func (r *reloader) run(ctx context.Context, srv *server.Server, kicked <-chan struct{}) {
	r.srv = srv
	defer signal.Stop(r.hup)
	var watched watching
	for {
		r.watchFiles(ctx, &watched)
		r.reconcileKeys(ctx)
		var due <-chan time.Time
		switch {
		case r.seen.Load() != nil:
			due = time.After(r.askVault(ctx))
		case r.reconcile:
			due = time.After(reconcileAgain)
		}
		select {
		case <-ctx.Done():
			return
		case <-r.hup:
			r.reload(ctx)
		case <-watched.changed:
			r.reload(ctx)
		case <-kicked:
		case <-due:
		}
	}
}

// reload reads the whole configuration again.
func (r *reloader) reload(ctx context.Context) {
	if next, ok := r.read(ctx); ok {
		r.apply(ctx, next, "configuration reloaded")
	}
}

// catchUp applies the changes between the first reading and the first watch.
func (r *reloader) catchUp(ctx context.Context) {
	next, ok := r.read(ctx)
	if !ok {
		return
	}
	if _, changed, restart := config.Merge(r.running, next); len(changed)+len(restart) > 0 {
		r.apply(ctx, next, "configuration reloaded")
	}
}

func (r *reloader) read(ctx context.Context) (next config.Loaded, ok bool) {
	next, heard, err := r.app.loadHolding(ctx, everySecret, r.running.Refs)
	r.tried = next
	if err == nil {
		err = next.CheckServing()
	}
	if err == nil && next.JWT.Secret.Text == "" && r.running.JWT.Secret.Text != "" {
		err = config.Faults{{Key: "jwt.secret", Why: "is no longer configured: after a restart authctl.secret would replace it"}}
	}
	if err != nil {
		r.refused(err)
		return next, false
	}
	if heard {
		r.heard(next)
	}
	return next, true
}

// refused reports that the reload changed nothing, and why.
func (r *reloader) refused(err error) {
	var why []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		why = append(why, line)
	}
	r.log.Error().Strs("faults", why).Msg("configuration not reloaded, nothing has changed")
}

// apply applies the reloadable settings of next, and reports the changes and the settings that need a restart.
func (r *reloader) apply(ctx context.Context, next config.Loaded, what string) {
	r.holdPrevious(&next)
	merged, changed, restart := config.Merge(r.running, next)
	var bad config.Faults
	if merged.Validate(&bad); len(bad) > 0 { // what changes now against what does not
		r.refused(bad)
		return
	}
	secret := r.inst.secret
	if merged.JWT.Secret.Text != "" {
		secret = string(merged.JWT.Secret.Text)
	}
	useMail, err := r.mail.reconfigure(merged)
	var settings authn.Config
	if err == nil {
		settings, err = config.ServiceSettings(merged, secret)
	}
	if err == nil {
		err = r.inst.authn.Reconfigure(ctx, settings)
	}
	if err == nil {
		err = r.srv.Reconfigure(config.ServerSettings(merged, buildVersion()))
	}
	if errors.Is(err, authn.ErrKeyClosed) {
		err = config.Faults{{Key: "jwt.secret", Why: err.Error() + ": keep that secret in jwt.previous_secrets"}}
	}
	if err != nil {
		r.refused(err)
		return
	}
	useMail()
	r.gate.set(merged.Log.Level)
	r.maxAge.Store(int64(merged.Vault.MaxAge))
	r.inst.secret, r.running = secret, merged
	r.log.Info().Strs("changed", changed).Strs("needs_restart", restart).Msg(what)
	r.reconcile = true
	r.reconcileKeys(ctx)
}

// reconcileKeys sees to it that the keys become what is configured, and tries again the next time if it fails.
func (r *reloader) reconcileKeys(ctx context.Context) {
	if !r.reconcile {
		return
	}
	err := r.inst.authn.Keys.Open(ctx, authn.Actor{Name: "node:" + thisNode().Name})
	r.reconcile = err != nil
	if err != nil && ctx.Err() == nil {
		r.log.Warn().Err(err).Msg("reconcile signing keys")
	}
}
