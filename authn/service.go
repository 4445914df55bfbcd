// Package authn is the rules of authentication: what a password must be, how it
// is hashed, what a token says, when a session ends. The HTTP server and the
// command line both call it, so that a rule cannot differ between them. It
// knows no HTTP, no SQL and no terminal; what it must remember it asks of a
// [store.Store].
//
// A login, in order: the username is folded and its credentials are read; the
// password is hashed once, whether or not there is such a user; the session
// starts in one statement that also checks that nothing changed meanwhile. The
// client holds two secrets afterwards: an access token, a JWT that is good for
// minutes, and a refresh token, which is exchanged for a new one at each use.
package authn

import (
	"cmp"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/store"
)

// Config is what [New] needs to know.
type Config struct {
	Secret              string         // HS256 signs with its characters as given, and private keys are sealed under it; see [CheckSecret]
	NoSecret            bool           // Secret is made up: what the real one signed cannot be judged, see [Service.Inspect]
	PreviousSecrets     []string       // secrets whose tokens are still verified, and that still open sealed keys
	Algorithm           string         // of the access tokens; "" for HS256
	Issuer              string         // iss of every access token
	Audience            string         // aud of every access token; "" for none
	ClientID            string         // client_id of every access token; "" for the audience, or else the issuer
	AccessTTL           time.Duration  // life of an access token
	RefreshTTL          time.Duration  // idle life of a session, from its latest rotation
	SessionMaxAge       time.Duration  // absolute life of a session, from the sign-in
	RetryWindow         time.Duration  // how long after a rotation the previous refresh token still yields its successor
	Argon2              hashing.Params // cost of new password hashes
	Hashing             hashing.Budget // what hashing passwords may take of the process
	Pepper              string         // see [hashing.Config]
	PreviousPeppers     []string
	PortableArgon2      bool
	KeepsStrongerHashes bool             // never replace a stored hash by a cheaper one, as where new ones are cheap for development
	MinPasswordLength   int              // in code points
	Blocklist           *Blocklist       // passwords that are refused; nil for none
	BlocklistWarns      bool             // accept blocklisted passwords and say so in Registered.Warning
	Accounts            AccountLimits    // of failed sign-ins; zero for none
	MaxSessions         int              // of one user at once; a login beyond it ends the oldest; 0 for no limit
	MaxStaleness        time.Duration    // how long access tokens are vouched for without reading the revocation feed; 0 for 30 s
	RegistrationClosed  bool             // Register refuses; CreateUser does not
	NameQuarantine      time.Duration    // how long the name of a deleted user is taken for Register; CreateUser may give it; 0 for not at all
	Now                 func() time.Time // clock; nil for time.Now
	DatabaseClock       func() time.Time // stands in for the database's clock where that judges a rotation, in tests; nil for the database's own
}

// Service carries out the operations. It is safe for concurrent use.
type Service struct {
	Keys    *Keys    // that sign access tokens
	Cluster *Cluster // the servers, and the feed of what has ended access

	store     store.Store
	rules     atomic.Pointer[rules]
	access    *accessTokens
	noSecret  bool // the secret is made up
	refresh   time.Duration
	maxAge    time.Duration
	retry     time.Duration
	clock     func() time.Time
	database  func() time.Time // clock that stands in for the database's; nil for its own
	rotations [store.Lost + 1]atomic.Uint64
	throttled atomic.Uint64
	capped    atomic.Uint64
	trailed   atomic.Int64 // when a refusal by a limit was last audited, in microseconds
}

// New makes a Service on st. Without one, nil, [Service.Inspect] is all that it can do.
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
	if cfg.AccessTTL <= 0 || cfg.RefreshTTL <= cfg.AccessTTL || cfg.SessionMaxAge < cfg.RefreshTTL {
		return nil, fmt.Errorf("lifetimes must satisfy 0 < access (%s) < refresh (%s) <= session (%s)",
			cfg.AccessTTL, cfg.RefreshTTL, cfg.SessionMaxAge)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.MaxStaleness <= 0 {
		cfg.MaxStaleness = 30 * time.Second
	}
	s := &Service{
		store:    st,
		access:   newAccessTokens(rules.secrets, cfg.Issuer, cfg.Audience, cfg.AccessTTL),
		refresh:  cfg.RefreshTTL,
		maxAge:   cfg.SessionMaxAge,
		retry:    cfg.RetryWindow,
		clock:    cfg.Now,
		database: cfg.DatabaseClock,
		noSecret: cfg.NoSecret,
	}
	s.access.clientID = cmp.Or(cfg.ClientID, s.access.clientID)
	s.rules.Store(rules)
	s.Keys = &Keys{
		store: st, rules: &s.rules, access: s.access, algorithm: cfg.Algorithm, staleness: cfg.MaxStaleness, now: s.now,
		reading: keyReading{one: make(chan struct{}, 1)},
	}
	s.access.look = s.Keys.lookFor
	s.Cluster = &Cluster{
		store: st, keys: s.Keys, accessTTL: cfg.AccessTTL, staleness: cfg.MaxStaleness, retry: cfg.RetryWindow,
		now: s.now, database: s.databaseClock,
		feed: newFeed(cfg.AccessTTL + clockSkew + time.Second + feedSlack), // exp is in whole seconds
	}
	return s, nil
}

// now is the one instant of an operation, to the microsecond that the store keeps.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// databaseClock returns what stands in for the database's clock, zero for its own.
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

// SelfCheck compares the implementation of Argon2; see [hashing.Hasher.SelfCheck].
func (s *Service) SelfCheck() error { return s.rules.Load().hasher.SelfCheck() }

// Close wipes the memory that passwords were hashed in. Nothing must be asked of the
// service any more.
func (s *Service) Close() { s.rules.Load().hasher.Close() }

// RotationStats returns how many refreshes came to each outcome since the start.
func (s *Service) RotationStats() map[store.Outcome]uint64 {
	counts := make(map[store.Outcome]uint64, len(s.rotations))
	for o := range s.rotations {
		counts[store.Outcome(o)] = s.rotations[o].Load()
	}
	return counts
}
