package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/authctl/authctl/cmd/config"
	"github.com/authctl/authctl/cmd/vault"
)

const vaultTimeout = 5 * time.Second // for one answer

// askVault reads the secrets in Vault again, applies the changes, and returns the time until the
// next call.
func (r *reloader) askVault(ctx context.Context) time.Duration {
	pause := r.running.Vault.RefreshInterval
	left, err := r.renew(ctx)
	if err == nil {
		err = r.readVault(ctx)
	}
	switch {
	case ctx.Err() != nil:
	case err != nil && lostTo(err) != r.lost:
		r.log.Warn().Err(err).Msg("Vault lost")
	case err == nil && r.lost != "":
		r.log.Info().Msg("Vault back")
	}
	r.lost = lostTo(err)
	if err == nil {
		r.heard(r.running)
	}
	if left > 0 {
		pause = min(pause, left)
	}
	return max(pause, time.Second)
}

// lostTo explains why Vault does not answer. Every error of an unreachable Vault gives the same reason.
func lostTo(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, vault.ErrAway):
		return "away"
	default:
		return err.Error()
	}
}

func (r *reloader) renew(ctx context.Context) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, vaultTimeout)
	defer cancel()
	return r.app.vault.Renew(ctx)
}

// readVault reads every reference. It changes nothing unless every value is readable and valid.
func (r *reloader) readVault(ctx context.Context) error {
	next := r.running.Clone()
	changed := false
	for i := range next.Refs {
		ref := &next.Refs[i]
		readCtx, cancel := context.WithTimeout(ctx, vaultTimeout)
		v, err := r.app.vault.Read(readCtx, ref.At, vault.Newest)
		cancel()
		if err != nil {
			return err
		}
		if v.Text == ref.Value.Text {
			continue
		}
		changed = true
		r.log.Info().Str("setting", ref.Key).Str("secret", ref.At.String()).Int("version", v.Version).Msg("secret changed in Vault")
		next.Take(ref, v)
	}
	if !changed {
		return nil
	}
	var bad config.Faults
	if next.Validate(&bad); len(bad) > 0 {
		r.refused(bad) // Vault answers, but a value is invalid
		return nil
	}
	r.apply(ctx, next, "secrets updated from Vault")
	return nil
}

const mostHeld = 16 // maximum number of earlier values of jwt.secret

// holdPrevious adds the earlier values of jwt.secret in Vault to the previous secrets of next.
// Vault may have deleted those values.
func (r *reloader) holdPrevious(next *config.Loaded) {
	if !slices.ContainsFunc(next.Refs, func(ref config.Reference) bool { return ref.Key == "jwt.secret" }) {
		return
	}
	if was := r.running.JWT.Secret.Text; was != "" && was != next.JWT.Secret.Text && !slices.Contains(r.held, was) {
		r.held = append(r.held[max(0, len(r.held)+1-mostHeld):], was)
	}
	previous := slices.Clone(next.JWT.PreviousSecrets.Texts)
	for _, was := range r.held {
		if was != next.JWT.Secret.Text && !slices.Contains(previous, was) {
			previous = append(previous, was)
		}
	}
	next.JWT.PreviousSecrets.Texts = previous
}

// ready fails when the last complete answer of Vault is older than vault.max_age.
func (r *reloader) ready() error {
	seen, most := r.seen.Load(), time.Duration(r.maxAge.Load())
	if seen == nil {
		return nil
	}
	if silent := max(time.Since(*seen), time.Since(seen.Round(0))); silent > most {
		return fmt.Errorf("no answer from Vault for %s, and vault.max_age is %s", silent.Round(time.Second), most)
	}
	return nil
}
