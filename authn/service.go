// Package authn holds the rules of authentication: what a password must be, how it
// is hashed, what a token says, when a session ends. The HTTP server and the
// command line both call it, so that a rule cannot differ between them. It
// knows no HTTP, no SQL and no terminal. It keeps its data in a [store.Store].
//
// A login, in order: the username is folded and its credentials are read; the
// password is hashed once, whether or not there is such a user; the session
// starts in one statement that also checks that nothing changed meanwhile. The
// client holds two secrets afterwards: an access token, a JWT that is good for
// minutes, and a refresh token, which is exchanged for a new one at each use.
package authn

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/store"
)

// Config is the configuration of a [Service].
type Config struct {
	Secret              string         // signs with HS256, by its characters as given, and seals private keys; see [CheckSecret]
	NoSecret            bool           // Secret is a placeholder: tokens of the real one cannot be judged, see [Service.Inspect]
	PreviousSecrets     []string       // former secrets, which still verify tokens and open sealed keys
	Algorithm           string         // of the access tokens; "" for HS256
	Issuer              string         // iss of every access token
	Audience            string         // aud of every access token; "" for the issuer, [AudienceNone] for none
	RightsOutOfTokens   bool           // access tokens do not carry the users' roles and claims
	ClientID            string         // client_id of every access token; "" for the audience, or else the issuer
	ClientIDs           []string       // ids that [Actor].ClientID may be; the longest counts for the length of tokens
	TokenType           string         // typ of every access token, [TypeAccessToken] or [TypeJWT]; "" for the former
	AccessTTL           time.Duration  // life of an access token
	RefreshTTL          time.Duration  // idle life of a session, from its latest rotation
	SessionMaxAge       time.Duration  // absolute life of a session, from the sign-in
	RetryWindow         time.Duration  // how long after a rotation the previous refresh token still yields its successor
	Argon2              hashing.Params // cost of new password hashes
	Hashing             hashing.Budget // the memory and workers that password hashing may use
	Pepper              string         // see [hashing.Config]
	PreviousPeppers     []string
	PortableArgon2      bool
	KeepsStrongerHashes bool             // never replace a stored hash by a cheaper one, as in development, where new ones are cheap
	MinPasswordLength   int              // in code points
	Blocklist           *Blocklist       // passwords that are refused; nil for none
	BlocklistWarns      bool             // accept blocklisted passwords and say so in Registered.Warning
	Accounts            AccountLimits    // limits of failed sign-ins; zero for none
	MaxSessions         int              // max sessions of one user; a login beyond it ends the oldest; 0 for no limit
	MaxStaleness        time.Duration    // how long access tokens are accepted without reading the revocation feed; 0 for 30 s
	RegistrationClosed  bool             // Register refuses; CreateUser does not
	Mail                MailRules        // what is mailed to accounts; zero for nothing
	NameQuarantine      time.Duration    // how long Register refuses the name of a deleted user; CreateUser accepts it; 0 for not at all
	Now                 func() time.Time // clock; nil for time.Now
	DatabaseClock       func() time.Time // replaces the database's clock for rotations in tests; nil for the database's own
}

// Service carries out the operations of authentication. It is safe for concurrent use.
type Service struct {
	Keys    *Keys    // the keys that sign access tokens
	Cluster *Cluster // the servers, and the feed of what has ended access

	store      store.Store
	rules      atomic.Pointer[rules]
	access     *accessTokens
	noSecret   bool // the secret is a placeholder
	refresh    time.Duration
	maxAge     time.Duration
	retry      time.Duration
	clock      func() time.Time
	database   func() time.Time // replaces the database's clock in tests; nil for its own
	mailQueued func()           // see OnMailQueued
	rotations  [store.Lost + 1]atomic.Uint64
	throttled  atomic.Uint64
	capped     atomic.Uint64

	clientTokens, clientRefusals atomic.Uint64
	clientUses                   clientUses
	lastAudit                    atomic.Int64 // when a refusal by a limit was last audited, in microseconds
}

// New returns a Service on st. If st is nil, only [Service.Inspect] works.
func New(cfg Config, st store.Store) (*Service, error) {
	rules, err := newRules(cfg, nil)
	if err != nil {
		return nil, err
	}
	if cfg.Algorithm == "" {
		cfg.Algorithm = AlgorithmHS256
	}
	if err := CheckAlgorithm(cfg.Algorithm); err != nil {
		return nil, fmt.Errorf("jwt algorithm: %w", err)
	}
	cfg.TokenType = cmp.Or(cfg.TokenType, TypeAccessToken)
	if err := CheckTokenType(cfg.TokenType); err != nil {
		return nil, fmt.Errorf("jwt typ: %w", err)
	}
	if err := errors.Join(CheckLifetimes(cfg.AccessTTL, cfg.RefreshTTL, cfg.SessionMaxAge)); err != nil {
		return nil, fmt.Errorf("lifetimes of tokens: %w", err)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.MaxStaleness <= 0 {
		cfg.MaxStaleness = 30 * time.Second
	}
	s := &Service{
		store:      st,
		access:     newAccessTokens(rules.secrets, cfg.Issuer, cfg.Audience, cfg.AccessTTL),
		refresh:    cfg.RefreshTTL,
		maxAge:     cfg.SessionMaxAge,
		retry:      cfg.RetryWindow,
		clock:      cfg.Now,
		database:   cfg.DatabaseClock,
		noSecret:   cfg.NoSecret,
		mailQueued: func() {},
	}
	s.access.clientID = cmp.Or(cfg.ClientID, s.access.clientID)
	s.access.typ = tokenType(slices.Index(typeNames[:], cfg.TokenType))
	s.access.rights, s.access.envelope = !cfg.RightsOutOfTokens, envelopeOf(cfg.Algorithm)
	s.rules.Store(rules)
	s.Keys = &Keys{
		store: st, rules: &s.rules, access: s.access, algorithm: cfg.Algorithm, staleness: cfg.MaxStaleness, now: s.now,
		reading: keyReading{running: make(chan struct{}, 1)},
	}
	s.access.queryKey = s.Keys.queryFor
	s.Cluster = &Cluster{
		store: st, keys: s.Keys, accessTTL: cfg.AccessTTL, staleness: cfg.MaxStaleness, retry: cfg.RetryWindow,
		now: s.now, database: s.databaseClock,
		feed: newFeed(cfg.AccessTTL + clockSkew + time.Second + feedSlack), // exp is in whole seconds
	}
	return s, nil
}

// CheckLifetimes returns what is wrong with the lifetimes of tokens: access is about the first
// of them, refresh about the second. An access token must end before its refresh token, and a refresh
// token not after its session.
func CheckLifetimes(accessTTL, refreshTTL, sessionMaxAge time.Duration) (access, refresh error) {
	switch {
	case accessTTL <= 0:
		access = errors.New("must be longer than 0s")
	case accessTTL >= refreshTTL:
		access = fmt.Errorf("must be shorter than tokens.refresh_ttl (%s)", refreshTTL)
	}
	if refreshTTL > sessionMaxAge {
		refresh = fmt.Errorf("must not be longer than tokens.session_max_age (%s)", sessionMaxAge)
	}
	return access, refresh
}

// now returns the instant of an operation, to the microsecond, as the store keeps it. An operation
// calls it once.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// databaseClock returns the replacement for the database's clock, zero for its own.
func (s *Service) databaseClock() time.Time {
	if s.database == nil {
		return time.Time{}
	}
	return s.database().UTC().Truncate(time.Microsecond)
}

// Issuer returns the iss of every access token.
func (s *Service) Issuer() string { return s.access.issuer }

// HashStats returns the figures of password hashing since the start.
func (s *Service) HashStats() hashing.Stats { return s.rules.Load().hasher.Stats() }

// SelfCheck tests the implementation of Argon2; see [hashing.Hasher.SelfCheck].
func (s *Service) SelfCheck() error { return s.rules.Load().hasher.SelfCheck() }

// AddThreads gives password hashes threads of their own; see [hashing.Hasher.AddThreads].
func (s *Service) AddThreads() { s.rules.Load().hasher.AddThreads() }

// Close wipes the memory in which passwords were hashed. The service must not be used afterwards.
func (s *Service) Close() { s.rules.Load().hasher.Close() }

// RotationStats returns the number of refreshes with each outcome since the start.
func (s *Service) RotationStats() map[store.Outcome]uint64 {
	counts := make(map[store.Outcome]uint64, len(s.rotations))
	for o := range s.rotations {
		counts[store.Outcome(o)] = s.rotations[o].Load()
	}
	return counts
}
