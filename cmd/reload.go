package cmd

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
)

// changeable returns the settings that can change while the server runs.
func changeable() []string {
	return []string{
		"server.trusted_origins", "server.cors.allowed_origins", "server.hsts", "server.admin_hosts", "server.admin_profiles",
		"jwt.secret", "jwt.secret_file", "jwt.previous_secrets", "jwt.previous_secrets_file",
		"sessions.max_per_user", "cookies.previous_domains",
		"password.argon2.memory", "password.argon2.iterations", "password.argon2.parallelism", "password.argon2.implementation",
		"password.pepper", "password.pepper_file", "password.previous_peppers", "password.previous_peppers_file",
		"password.min_length", "password.blocklist_file",
		"hashing.memory_budget", "hashing.max_wait",
		"limits.enabled", "limits.address.login", "limits.address.register", "limits.address.refresh", "limits.address.other",
		"limits.account.free_failures", "limits.account.max_delay", "limits.account.free_failures_anywhere", "limits.account.max_delay_anywhere",
		"limits.account.disable_password_after", "limits.installation.failures",
		"registration", "accounts.name_quarantine", "log.level",
		"vault.auth", "vault.mount", "vault.token_file", "vault.role_id", "vault.secret_id", "vault.secret_id_file", "vault.role", "vault.insecure",
		"vault.connect_timeout", "vault.refresh_interval", "vault.max_age",
	}
}

const reconcileAgain = 5 * time.Second // after the signing keys could not be reconciled

// reloader takes changes of the configuration over into a server that runs.
type reloader struct {
	app  *app
	inst *instance
	srv  *server.Server
	gate *levelGate
	log  zerolog.Logger
	hup  chan os.Signal

	held      []secret                  // what jwt.secret was in Vault before
	running   loaded                    // what holds; of what needs a restart, as it was at the start
	tried     loaded                    // what was read last, be it taken over or refused
	reconcile bool                      // the signing keys may not be what is configured
	lost      string                    // why Vault said nothing when it was asked last
	seen      atomic.Pointer[time.Time] // when Vault has last said everything; nil when nothing is kept there
	maxAge    atomic.Int64
}

func newReloader(a *app, inst *instance, gate *levelGate, log zerolog.Logger) *reloader {
	r := &reloader{app: a, inst: inst, gate: gate, log: log, running: inst.cfg, tried: inst.cfg, hup: make(chan os.Signal, 1)}
	r.maxAge.Store(int64(inst.cfg.Vault.MaxAge))
	r.heard(inst.cfg)
	signal.Notify(r.hup, syscall.SIGHUP) // from now on, it ends the process no more
	return r
}

// heard notes that Vault has just said everything that a configuration asks of it.
func (r *reloader) heard(cfg loaded) {
	if len(cfg.refs) == 0 {
		r.seen.Store(nil)
		return
	}
	now := time.Now()
	r.seen.Store(&now)
}

// run reloads at SIGHUP, when a watched file has changed, and when Vault says something
// new, until ctx ends. kicked asks Vault at once.
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

// reload reads everything again.
func (r *reloader) reload(ctx context.Context) {
	if next, ok := r.read(ctx); ok {
		r.apply(ctx, next, "configuration reloaded")
	}
}

// catchUp takes over what has changed between the first reading and the first watch.
func (r *reloader) catchUp(ctx context.Context) {
	next, ok := r.read(ctx)
	if !ok {
		return
	}
	if _, changed, restart := r.merge(next); len(changed)+len(restart) > 0 {
		r.apply(ctx, next, "configuration reloaded")
	}
}

func (r *reloader) read(ctx context.Context) (next loaded, ok bool) {
	next, heard, err := r.app.loadHolding(ctx, everySecret, r.running.refs)
	r.tried = next
	if err == nil {
		err = next.checkServing()
	}
	if err == nil && next.JWT.Secret == "" && r.running.JWT.Secret != "" {
		err = faults{{"jwt.secret", "is not configured any more: after a restart authctl.secret would take its place"}}
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

// refused says that nothing has changed, and why.
func (r *reloader) refused(err error) {
	var why []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		why = append(why, line)
	}
	r.log.Error().Strs("faults", why).Msg("configuration not reloaded, nothing has changed")
}

// merge returns what holds once next is taken over as far as it can be, what that
// changes, and what needs a restart.
func (r *reloader) merge(next loaded) (merged loaded, changed, restart []string) {
	merged = r.running
	merged.refs = next.refs
	from, into, was := fieldsOf(&next.config), fieldsOf(&merged.config), fieldsOf(&r.running.config)
	changed, restart = []string{}, []string{}
	for _, key := range keys() {
		switch {
		case reflect.DeepEqual(from[key].Interface(), was[key].Interface()):
		case slices.Contains(changeable(), key):
			into[key].Set(from[key])
			changed = append(changed, key)
		default:
			restart = append(restart, key)
		}
	}
	return merged, changed, restart
}

// apply takes over what can change of next, and says what did and what needs a restart.
func (r *reloader) apply(ctx context.Context, next loaded, what string) {
	r.holdPrevious(&next)
	merged, changed, restart := r.merge(next)
	var bad faults
	if merged.validate(&bad); len(bad) > 0 { // what changes now against what does not
		r.refused(bad)
		return
	}
	secret := r.inst.secret
	if merged.JWT.Secret != "" {
		secret = string(merged.JWT.Secret)
	}
	settings, err := serviceSettings(merged, secret)
	if err == nil {
		err = r.inst.authn.Reconfigure(ctx, settings)
	}
	if err == nil {
		err = r.srv.Reconfigure(serverSettings(merged))
	}
	if errors.Is(err, authn.ErrKeyClosed) {
		err = faults{{"jwt.secret", err.Error() + ": keep that secret in jwt.previous_secrets"}}
	}
	if err != nil {
		r.refused(err)
		return
	}
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
