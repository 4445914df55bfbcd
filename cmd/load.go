package cmd

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/authctl/authctl/cmd/config"
	"github.com/authctl/authctl/cmd/vault"
)

// load reads the configuration, and the wanted secrets from Vault. While Vault is unavailable, it
// retries for vault.connect_timeout.
func (a *app) load(ctx context.Context, wanted func(key string) bool) (config.Loaded, error) {
	cfg, _, err := a.loadHolding(ctx, wanted, nil)
	return cfg, err
}

// loadHolding is like load, but uses the cached secrets at once if Vault is unavailable. It reports
// whether every secret came from Vault itself.
func (a *app) loadHolding(ctx context.Context, wanted func(key string) bool, held []config.Reference) (cfg config.Loaded, heard bool, err error) {
	src := a.sources
	var began time.Time
	var failed error
	client, login := a.vault, a.vaultLogin
	src.Vault = func(cfg config.Vault, key string, at vault.Reference) (vault.Value, bool, error) {
		if !wanted(key) {
			return vault.Value{}, false, nil
		}
		if client == nil || login != cfg.Login() {
			var err error
			if client, err = config.NewVault(cfg); err != nil {
				return vault.Value{}, false, errors.New(oneLine(err))
			}
			login = cfg.Login()
		}
		if began.IsZero() {
			began = time.Now()
		}
		had := slices.IndexFunc(held, func(r config.Reference) bool { return r.At == at && r.Value.Text != "" })
		deadline := began.Add(cfg.ConnectTimeout)
		if had >= 0 {
			deadline = time.Time{}
		}
		var v vault.Value
		v, failed = persist(ctx, a, deadline, "Vault does not answer yet",
			func(err error) bool { return errors.Is(err, vault.ErrAway) },
			func(ctx context.Context) (vault.Value, error) { return client.Read(ctx, at, versionsOf(key)) })
		if had >= 0 && errors.Is(failed, vault.ErrAway) {
			failed, heard = nil, false
			return held[had].Value, true, nil
		}
		if failed != nil {
			return vault.Value{}, true, errors.New(oneLine(failed)) // the faults of a configuration have a line each
		}
		return v, true, nil
	}
	heard = true
	cfg, err = config.Load(src)
	if err == nil {
		a.vault, a.vaultLogin = client, login
	}
	if err != nil && errors.Is(failed, context.Canceled) {
		return cfg, heard, failed
	}
	if err != nil && errors.Is(failed, vault.ErrAway) {
		err = &problem{exitUnreachable, vaultAway{err}, "check that Vault runs and is unsealed, and that VAULT_ADDR and VAULT_CACERT are right; vault.connect_timeout sets how long to try"}
	}
	return cfg, heard, err
}

// versionsOf returns the versions of a setting to read from Vault. Keys that the previous jwt.secret
// sealed must open.
func versionsOf(key string) vault.Versions {
	if key == "jwt.secret" {
		return vault.NewestAndPrevious
	}
	return vault.Newest
}

// vaultAway is a list of faults with the cause [vault.ErrAway].
type vaultAway struct{ error }

func (e vaultAway) Is(target error) bool { return target == vault.ErrAway }

func (e vaultAway) Unwrap() error { return e.error }

// everySecret selects every secret.
func everySecret(string) bool { return true }

// warn warns of valid settings that an operator probably does not want.
func (a *app) warn(cfg config.Loaded) {
	for _, warning := range cfg.Warnings() {
		a.say("warning: %s", warning)
	}
}

// sayBudget reports when memory, not the number of processors, limits the concurrent hashes.
func (a *app) sayBudget(inst *instance) {
	b, cost := inst.authn.HashStats().Budget, int64(inst.cfg.Password.Argon2.Memory)
	if fit := b.Memory / cost; fit < int64(b.Workers) {
		a.say("warning: %s of memory are enough for %d concurrent password hashes, and there are %d workers; a larger hashing.memory_budget or a smaller password.argon2.memory makes sign-ins faster",
			config.ShowSize(config.Size(b.Memory)), fit, b.Workers)
	}
}
