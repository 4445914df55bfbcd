package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/cmd/vault"
)

// reference is a setting that is kept in Vault, or one item of a list of them.
type reference struct {
	key   string
	index int // in the list
	at    vault.Reference
	value vault.Value // what was read; empty when nobody asked for it
}

// vaultReader reads what a reference says. It reports false for a setting that the command does without.
type vaultReader func(cfg vaultConfig, key string, at vault.Reference) (v vault.Value, wanted bool, err error)

// secretAt returns where a setting that may be kept in Vault is, or one item of a list.
func (c *config) secretAt(key string, index int) *secret {
	switch key {
	case "database.url":
		return &c.Database.URL
	case "jwt.secret":
		return &c.JWT.Secret
	case "password.pepper":
		return &c.Password.Pepper
	case "jwt.previous_secrets":
		return &c.JWT.PreviousSecrets[index]
	default:
		return &c.Password.PreviousPeppers[index]
	}
}

// readReferences replaces references to Vault by what is there. What is not wanted is left empty.
func (l *loaded) readReferences(read vaultReader, bad *faults) {
	defer l.dropEmpty()
	for key, n := range map[string]int{
		"database.url": 1, "jwt.secret": 1, "password.pepper": 1,
		"jwt.previous_secrets": len(l.JWT.PreviousSecrets), "password.previous_peppers": len(l.Password.PreviousPeppers),
	} {
		for i := range n {
			if text := string(*l.secretAt(key, i)); vault.IsReference(text) {
				at, err := vault.ParseReference(text)
				if err != nil {
					bad.add(key, "%v", err)
				}
				l.refs = append(l.refs, reference{key: key, index: i, at: at})
			}
		}
	}
	if vault.IsReference(string(l.Vault.SecretID)) {
		bad.add("vault.secret_id", "cannot be kept in Vault itself")
	}
	slices.SortFunc(l.refs, func(a, b reference) int { return strings.Compare(a.key+a.at.String(), b.key+b.at.String()) })
	for _, r := range l.refs {
		*l.secretAt(r.key, r.index) = "" // where a secret is, is no secret, and would be found too short for one
	}
	if len(*bad) > 0 {
		return
	}
	for i := range l.refs {
		r := &l.refs[i]
		if read == nil {
			continue
		}
		v, wanted, err := read(l.Vault, r.key, r.at)
		if err != nil {
			bad.add(r.key, "%s", oneLine(err))
			return // one line for a Vault that is away
		}
		if wanted {
			l.take(r, v)
		}
	}
}

// take sets a setting to what Vault says.
func (l *loaded) take(r *reference, v vault.Value) {
	r.value = v
	*l.secretAt(r.key, r.index) = secret(v.Text)
	origin, _, _ := strings.Cut(l.origins[r.key], ", "+"vault:")
	for _, of := range l.refs { // several, if it is a list
		if of.key != r.key || of.value.Text == "" {
			continue
		}
		origin += ", " + of.at.String()
		var about []string
		if of.value.Version > 0 {
			about = append(about, fmt.Sprintf("version %d", of.value.Version))
		}
		if of.value.Cut {
			about = append(about, "without the line break at its end")
		}
		if len(about) > 0 {
			origin += " (" + strings.Join(about, ", ") + ")"
		}
	}
	l.origins[r.key] = origin
}

// dropEmpty removes the items of lists that were not wanted, and adds what jwt.secret was before in Vault to
// the previous ones, whose tokens are to be good still.
func (l *loaded) dropEmpty() {
	empty := func(s secret) bool { return s == "" }
	l.JWT.PreviousSecrets = slices.DeleteFunc(slices.Clone(l.JWT.PreviousSecrets), empty)
	l.Password.PreviousPeppers = slices.DeleteFunc(slices.Clone(l.Password.PreviousPeppers), empty)
	for _, r := range l.refs {
		if before := r.value.Previous; r.key == "jwt.secret" && before != r.value.Text && authn.CheckSecret(before) == nil {
			l.JWT.PreviousSecrets = append(l.JWT.PreviousSecrets, secret(before))
		}
	}
}

// unread reports whether a setting is kept in Vault and was not read.
func (l *loaded) unread(key string) bool {
	return slices.ContainsFunc(l.refs, func(r reference) bool { return r.key == key && r.value.Text == "" })
}

// newVault makes the client that a configuration asks for.
func newVault(cfg vaultConfig) (*vault.Client, error) {
	c := vault.Config{Auth: cfg.Auth, Mount: cfg.Mount, RoleID: cfg.RoleID, Role: cfg.Role, Insecure: cfg.Insecure}
	switch {
	case cfg.SecretIDFile != "":
		c.SecretID = func() (string, error) { return readVaultFile("vault.secret_id_file", cfg.SecretIDFile) }
	case cfg.SecretID != "":
		c.SecretID = func() (string, error) { return string(cfg.SecretID), nil }
	}
	switch {
	case cfg.TokenFile == "":
	case cfg.Auth == vault.AuthKubernetes:
		c.TokenPath = cfg.TokenFile
	default:
		c.ReadToken = func() (string, error) { return readVaultFile("vault.token_file", cfg.TokenFile) }
	}
	return vault.New(c)
}

func readVaultFile(key, path string) (string, error) {
	value, _, err := readSecret(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	return value, nil
}

// login is the part of the settings that says where and how to log in.
func (c vaultConfig) login() vaultConfig {
	c.ConnectTimeout, c.RefreshInterval, c.MaxAge = 0, 0, 0
	return c
}

// load reads the configuration, and of the secrets that are kept in Vault those that are
// wanted. A Vault that is away is asked again for vault.connect_timeout.
func (a *app) load(ctx context.Context, wanted func(key string) bool) (loaded, error) {
	cfg, _, err := a.loadHolding(ctx, wanted, nil)
	return cfg, err
}

// loadHolding does as load, but while Vault is away it goes on with what is held of it, at
// once. It reports whether Vault itself has said everything.
func (a *app) loadHolding(ctx context.Context, wanted func(key string) bool, held []reference) (cfg loaded, heard bool, err error) {
	src := a.sources
	var began time.Time
	var failed error
	client, login := a.vault, a.vaultLogin
	src.vault = func(cfg vaultConfig, key string, at vault.Reference) (vault.Value, bool, error) {
		if !wanted(key) {
			return vault.Value{}, false, nil
		}
		if client == nil || login != cfg.login() {
			var err error
			if client, err = newVault(cfg); err != nil {
				return vault.Value{}, false, err
			}
			login = cfg.login()
		}
		if began.IsZero() {
			began = time.Now()
		}
		had := slices.IndexFunc(held, func(r reference) bool { return r.at == at && r.value.Text != "" })
		deadline := began.Add(cfg.ConnectTimeout)
		if had >= 0 {
			deadline = time.Time{}
		}
		var v vault.Value
		v, failed = persist(ctx, a, deadline, "Vault does not answer yet",
			func(err error) bool { return errors.Is(err, vault.ErrAway) },
			func(ctx context.Context) (vault.Value, error) { return client.Read(ctx, at, key == "jwt.secret") })
		if had >= 0 && errors.Is(failed, vault.ErrAway) {
			failed, heard = nil, false
			return held[had].value, true, nil
		}
		return v, true, failed
	}
	heard = true
	cfg, err = load(src)
	if err == nil {
		a.vault, a.vaultLogin = client, login
	}
	if err != nil && errors.Is(failed, vault.ErrAway) {
		err = &problem{exitUnreachable, vaultAway{err}, "is Vault up and unsealed, and are VAULT_ADDR and VAULT_CACERT right? vault.connect_timeout says how long to try"}
	}
	return cfg, heard, err
}

// vaultAway is faults of which the cause is [vault.ErrAway].
type vaultAway struct{ error }

func (e vaultAway) Is(target error) bool { return target == vault.ErrAway }
func (e vaultAway) Unwrap() error        { return e.error }

// everySecret wants all.
func everySecret(string) bool { return true }

// persist tries until there is an answer, or the deadline is over. It says why it goes on trying,
// and again only when that changes or a while has passed.
func persist[T any](ctx context.Context, a *app, deadline time.Time, what string, away func(error) bool, try func(context.Context) (T, error)) (T, error) {
	const longestTry, sayAgain = 5 * time.Second, 10 * time.Second
	pause, said, saidAt := 100*time.Millisecond, "", time.Time{}
	for {
		limit := longestTry
		if left := time.Until(deadline); left > 0 {
			limit = min(limit, max(left, time.Second))
		}
		tryCtx, cancel := context.WithTimeout(ctx, limit)
		got, err := try(tryCtx)
		cancel()
		left := time.Until(deadline)
		if err == nil || !away(err) || ctx.Err() != nil || left <= 0 {
			return got, err
		}
		if why := oneLine(err); why != said || time.Since(saidAt) >= sayAgain {
			a.say("%s, trying again for %s: %s", what, left.Round(100*time.Millisecond), why)
			said, saidAt = why, time.Now()
		}
		select {
		case <-ctx.Done():
			return got, ctx.Err()
		case <-time.After(min(pause, left)):
		}
		pause = min(2*pause, 2*time.Second)
	}
}
