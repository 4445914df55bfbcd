package cmd

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/authctl/authctl/authn/hashing"
)

// config is every setting, as decoded. The keys are those of
// config.example.yaml; docs/configuration.md explains them.
type config struct {
	Environment  string           `mapstructure:"environment"`
	Database     databaseConfig   `mapstructure:"database"`
	Server       serverConfig     `mapstructure:"server"`
	JWT          jwtConfig        `mapstructure:"jwt"`
	Tokens       tokensConfig     `mapstructure:"tokens"`
	Sessions     sessionsConfig   `mapstructure:"sessions"`
	Revocation   revocationConfig `mapstructure:"revocation"`
	Cookies      cookiesConfig    `mapstructure:"cookies"`
	Password     passwordConfig   `mapstructure:"password"`
	Hashing      hashingConfig    `mapstructure:"hashing"`
	Limits       limitsConfig     `mapstructure:"limits"`
	Registration string           `mapstructure:"registration"`
	Accounts     accountsConfig   `mapstructure:"accounts"`
	Log          logConfig        `mapstructure:"log"`
	Vault        vaultConfig      `mapstructure:"vault"`
	Config       configConfig     `mapstructure:"config"`
}

type databaseConfig struct {
	URL                      secret        `mapstructure:"url"`
	URLFile                  string        `mapstructure:"url_file"`
	MaxConnections           int32         `mapstructure:"max_connections"`
	MinConnections           int32         `mapstructure:"min_connections"`
	ConnectTimeout           time.Duration `mapstructure:"connect_timeout"`
	StatementTimeout         time.Duration `mapstructure:"statement_timeout"`
	IdleInTransactionTimeout time.Duration `mapstructure:"idle_in_transaction_timeout"`
	StatementCache           string        `mapstructure:"statement_cache"`
	Insecure                 bool          `mapstructure:"insecure"`
}

type serverConfig struct {
	Host                     string         `mapstructure:"host"`
	Port                     uint16         `mapstructure:"port"`
	PublicURL                string         `mapstructure:"public_url"`
	TrustedOrigins           []string       `mapstructure:"trusted_origins"`
	TrustedProxies           []netip.Prefix `mapstructure:"trusted_proxies"`
	ForwardedHeader          string         `mapstructure:"forwarded_header"`
	ProxyProtocol            bool           `mapstructure:"proxy_protocol"`
	MaxConnections           int            `mapstructure:"max_connections"`
	MaxConnectionsPerAddress int            `mapstructure:"max_connections_per_address"`
	CORS                     corsConfig     `mapstructure:"cors"`
	TLS                      tlsConfig      `mapstructure:"tls"`
	HSTS                     string         `mapstructure:"hsts"`
	AdminListen              string         `mapstructure:"admin_listen"`
	AdminHosts               []string       `mapstructure:"admin_hosts"`
	AdminProfiles            bool           `mapstructure:"admin_profiles"`
	DrainDelay               time.Duration  `mapstructure:"drain_delay"`
	ShutdownTimeout          time.Duration  `mapstructure:"shutdown_timeout"`
}

type corsConfig struct {
	AllowedOrigins []string `mapstructure:"allowed_origins"`
}

type tlsConfig struct {
	CertFile string `mapstructure:"cert_file"`
	KeyFile  string `mapstructure:"key_file"`
}

type jwtConfig struct {
	Algorithm           string   `mapstructure:"algorithm"`
	Secret              secret   `mapstructure:"secret"`
	SecretFile          string   `mapstructure:"secret_file"`
	PreviousSecrets     []secret `mapstructure:"previous_secrets"`
	PreviousSecretsFile string   `mapstructure:"previous_secrets_file"`
	Issuer              string   `mapstructure:"issuer"`
	Audience            string   `mapstructure:"audience"`
	ClientID            string   `mapstructure:"client_id"`
}

type tokensConfig struct {
	AccessTTL     time.Duration `mapstructure:"access_ttl"`
	RefreshTTL    time.Duration `mapstructure:"refresh_ttl"`
	SessionMaxAge time.Duration `mapstructure:"session_max_age"`
	RetryWindow   time.Duration `mapstructure:"retry_window"`
}

type sessionsConfig struct {
	MaxPerUser int `mapstructure:"max_per_user"`
}

type revocationConfig struct {
	MaxStaleness time.Duration `mapstructure:"max_staleness"`
}

type cookiesConfig struct {
	Secure          autoBool `mapstructure:"secure"`
	SameSite        string   `mapstructure:"same_site"`
	Domain          string   `mapstructure:"domain"`
	PreviousDomains []string `mapstructure:"previous_domains"`
	HostPrefix      bool     `mapstructure:"host_prefix"`
}

type passwordConfig struct {
	Argon2              argon2Config `mapstructure:"argon2"`
	Pepper              secret       `mapstructure:"pepper"`
	PepperFile          string       `mapstructure:"pepper_file"`
	PreviousPeppers     []secret     `mapstructure:"previous_peppers"`
	PreviousPeppersFile string       `mapstructure:"previous_peppers_file"`
	MinLength           int          `mapstructure:"min_length"`
	BlocklistFile       string       `mapstructure:"blocklist_file"`
}

type hashingConfig struct {
	MemoryBudget autoSize      `mapstructure:"memory_budget"`
	Workers      autoNumber    `mapstructure:"workers"`
	MaxWait      time.Duration `mapstructure:"max_wait"`
}

type argon2Config struct {
	Memory      size   `mapstructure:"memory"`
	Iterations  uint32 `mapstructure:"iterations"`
	Parallelism uint8  `mapstructure:"parallelism"`
	// auto or portable
	Implementation string `mapstructure:"implementation"`
}

type limitsConfig struct {
	Enabled      bool               `mapstructure:"enabled"`
	Address      addressLimits      `mapstructure:"address"`
	Account      accountLimits      `mapstructure:"account"`
	Installation installationLimits `mapstructure:"installation"`
}

type installationLimits struct {
	Failures requestRate `mapstructure:"failures"`
}

type addressLimits struct {
	Login    requestRate `mapstructure:"login"`
	Register requestRate `mapstructure:"register"`
	Refresh  requestRate `mapstructure:"refresh"`
	Other    requestRate `mapstructure:"other"`
}

type accountLimits struct {
	FreeFailures         int           `mapstructure:"free_failures"`
	MaxDelay             time.Duration `mapstructure:"max_delay"`
	FreeFailuresAnywhere int           `mapstructure:"free_failures_anywhere"`
	MaxDelayAnywhere     time.Duration `mapstructure:"max_delay_anywhere"`
	DisablePasswordAfter int           `mapstructure:"disable_password_after"`
}

type accountsConfig struct {
	NameQuarantine time.Duration `mapstructure:"name_quarantine"`
}

type logConfig struct {
	Level  string `mapstructure:"level"`
	Format string `mapstructure:"format"`
}

type vaultConfig struct {
	Auth            string        `mapstructure:"auth"`
	Mount           string        `mapstructure:"mount"`
	TokenFile       string        `mapstructure:"token_file"`
	RoleID          string        `mapstructure:"role_id"`
	SecretID        secret        `mapstructure:"secret_id"`
	SecretIDFile    string        `mapstructure:"secret_id_file"`
	Role            string        `mapstructure:"role"`
	Insecure        bool          `mapstructure:"insecure"`
	ConnectTimeout  time.Duration `mapstructure:"connect_timeout"`
	RefreshInterval time.Duration `mapstructure:"refresh_interval"`
	MaxAge          time.Duration `mapstructure:"max_age"`
}

type configConfig struct {
	Watch bool `mapstructure:"watch"`
}

// params returns the Argon2 cost.
func (a argon2Config) params() hashing.Params {
	return hashing.Params{Memory: uint32(a.Memory / 1024), Iterations: a.Iterations, Parallelism: a.Parallelism}
}

func (c config) development() bool { return c.Environment == "development" }

type setting struct {
	key   string
	value any
}

// fault is one thing wrong with the configuration.
type fault struct {
	key string // "" when it is about the whole
	why string
}

// faults is an error that tells them all.
type faults []fault

func (f faults) Error() string {
	errs := make([]error, len(f))
	for i, one := range f {
		errs[i] = errors.New(one.why)
		if one.key != "" {
			errs[i] = fmt.Errorf("%s: %s", one.key, one.why)
		}
	}
	return errors.Join(errs...).Error()
}

// located returns the faults, or nil for none, and says of each where its value came from, if somebody gave it.
func (l *loaded) located(f faults) error {
	for i, one := range f {
		origin := l.origins[one.key]
		_, place, _ := strings.Cut(origin, " ")
		told := strings.Contains(one.why, origin) || strings.Contains(one.why, "(in "+place+")")
		if origin != "" && origin != "default" && !told {
			f[i].why += " (from " + origin + ")"
		}
	}
	if len(f) == 0 {
		return nil
	}
	return f
}

func (f *faults) add(key, format string, args ...any) {
	*f = append(*f, fault{key, fmt.Sprintf(format, args...)})
}
