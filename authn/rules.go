package authn

import (
	"context"
	"fmt"
	"time"

	"github.com/authctl/authctl/authn/hashing"
)

// rules is the part of the configuration that may change while the service runs. It is replaced as
// a whole.
type rules struct {
	secrets            []keySecret // current secret first
	steps              stepKeys    // derived from secrets
	hasher             *hashing.Hasher
	policy             passwordPolicy
	throttle           *throttle // nil for none
	maxSessions        int       // max sessions of one user; 0 for no limit
	registrationClosed bool
	mail               MailRules
	mailKeys           mailKeys      // derived from secrets
	longestClient      string        // longest of the ids that an Actor may have as ClientID, "" for none
	free               time.Duration // how long after a deletion the public may not register the name
}

// newRules makes rules from a configuration. It keeps the hasher of before if nothing about hashing
// differs; before may be nil.
func newRules(cfg Config, before *rules) (*rules, error) {
	if err := CheckSecret(cfg.Secret); err != nil {
		return nil, fmt.Errorf("jwt secret: %w", err)
	}
	if err := checkPeppers(cfg); err != nil {
		return nil, err
	}
	r := &rules{
		secrets:            []keySecret{newKeySecret(cfg.Secret)},
		policy:             passwordPolicy{min: cfg.MinPasswordLength, blocklist: cfg.Blocklist, warns: cfg.BlocklistWarns},
		maxSessions:        cfg.MaxSessions,
		registrationClosed: cfg.RegistrationClosed,
		mail:               cfg.Mail,
		free:               cfg.NameQuarantine,
	}
	if err := cfg.Mail.check(); err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	for _, id := range cfg.ClientIDs {
		if len(id) > len(r.longestClient) {
			r.longestClient = id
		}
	}
	for _, previous := range cfg.PreviousSecrets {
		r.secrets = append(r.secrets, newKeySecret(previous))
	}
	var err error
	if r.steps, err = newStepKeys(r.secrets); err != nil {
		return nil, err
	}
	if r.mailKeys, err = newMailKeys(r.secrets); err != nil {
		return nil, err
	}
	if r.throttle, err = newThrottle(cfg.Accounts, cfg.Secret); err != nil {
		return nil, fmt.Errorf("limits of accounts: %w", err)
	}
	if before == nil {
		r.hasher, err = hashing.New(hasherConfig(cfg))
	} else {
		r.hasher, err = before.hasher.With(hasherConfig(cfg))
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// checkPeppers checks the peppers with [CheckSecret].
func checkPeppers(cfg Config) error {
	if cfg.Pepper != "" {
		if err := CheckSecret(cfg.Pepper); err != nil {
			return fmt.Errorf("pepper: %w", err)
		}
	}
	for _, previous := range cfg.PreviousPeppers {
		if err := CheckSecret(previous); err != nil {
			return fmt.Errorf("previous pepper: %w", err)
		}
	}
	return nil
}

// hasherConfig returns the part of a configuration that is about hashing.
func hasherConfig(cfg Config) hashing.Config {
	secrets := append([]string{cfg.Secret}, cfg.PreviousSecrets...)
	if cfg.NoSecret {
		secrets = nil
	}
	return hashing.Config{
		Secrets:         secrets,
		Params:          cfg.Argon2,
		Budget:          cfg.Hashing,
		Pepper:          cfg.Pepper,
		PreviousPeppers: cfg.PreviousPeppers,
		Portable:        cfg.PortableArgon2,
		KeepsStronger:   cfg.KeepsStrongerHashes,
	}
}

// Reconfigure applies a new configuration while the service runs: its secrets, its clients, its rules for
// passwords and their hashes, and its limits. It ignores everything else. It applies all of it or
// nothing. It fails as [New] does, and with [ErrKeyClosed] when the new secrets do not open the
// active signing key but the former ones did. [Keys.Open], which must be called afterwards,
// promotes a new secret.
func (s *Service) Reconfigure(ctx context.Context, cfg Config) error {
	if err := s.Keys.reading.begin(ctx); err != nil {
		return err
	}
	defer s.Keys.reading.finish()
	before, ring := s.rules.Load(), s.access.ring.Load()
	after, err := newRules(cfg, before)
	if err != nil {
		return err
	}
	opened := newKeyring(ring.rows(), after.secrets, nil)
	if ring.active.signs() && !opened.active.signs() && s.Keys.reading.open.Load() {
		if after.hasher != before.hasher {
			after.hasher.Close()
		}
		return fmt.Errorf("%w: %s: %w", ErrKeyClosed, ring.active.ID, opened.active.openErr)
	}
	if after.hasher != before.hasher {
		_ = after.hasher.SelfCheck() // HashStats names the implementation
	}
	s.rules.Store(after)
	if s.Keys.reading.open.Load() {
		s.access.ring.Store(opened)
	}
	if after.hasher != before.hasher {
		before.hasher.Close() // after the running hashes
	}
	return nil
}
