// Package config is the settings: it loads, decodes and validates them, resolves the secrets among
// them, and says where each value came from. It turns them into what the packages that use them take.
package config

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/authctl/authctl/authn/hashing"
)

// Settings is every setting, as decoded. The keys are those of
// config.example.yaml; docs/configuration.md explains them.
type Settings struct {
	Environment  string     `mapstructure:"environment"`
	Database     Database   `mapstructure:"database"`
	Server       Server     `mapstructure:"server"`
	JWT          JWT        `mapstructure:"jwt"`
	Tokens       Tokens     `mapstructure:"tokens"`
	Sessions     Sessions   `mapstructure:"sessions"`
	Revocation   Revocation `mapstructure:"revocation"`
	Cookies      Cookies    `mapstructure:"cookies"`
	Password     Password   `mapstructure:"password"`
	Hashing      Hashing    `mapstructure:"hashing"`
	Limits       Limits     `mapstructure:"limits"`
	Registration string     `mapstructure:"registration"`
	Accounts     Accounts   `mapstructure:"accounts"`
	Log          Log        `mapstructure:"log"`
	Vault        Vault      `mapstructure:"vault"`
	Config       Config     `mapstructure:"config"`
}

type Database struct {
	URL                      Secret        `mapstructure:"url"`
	URLFile                  string        `mapstructure:"url_file"`
	MaxConnections           int32         `mapstructure:"max_connections"`
	MinConnections           int32         `mapstructure:"min_connections"`
	ConnectTimeout           time.Duration `mapstructure:"connect_timeout"`
	StatementTimeout         time.Duration `mapstructure:"statement_timeout"`
	IdleInTransactionTimeout time.Duration `mapstructure:"idle_in_transaction_timeout"`
	StatementCache           string        `mapstructure:"statement_cache"`
	Insecure                 bool          `mapstructure:"insecure"`
}

type Server struct {
	Host                     string         `mapstructure:"host"`
	Port                     uint16         `mapstructure:"port"`
	PublicURL                string         `mapstructure:"public_url"`
	TrustedOrigins           []string       `mapstructure:"trusted_origins"`
	TrustedProxies           []netip.Prefix `mapstructure:"trusted_proxies"`
	ForwardedHeader          string         `mapstructure:"forwarded_header"`
	ProxyProtocol            bool           `mapstructure:"proxy_protocol"`
	MaxConnections           int            `mapstructure:"max_connections"`
	MaxConnectionsPerAddress int            `mapstructure:"max_connections_per_address"`
	CORS                     CORS           `mapstructure:"cors"`
	TLS                      TLS            `mapstructure:"tls"`
	HSTS                     string         `mapstructure:"hsts"`
	AdminListen              string         `mapstructure:"admin_listen"`
	AdminHosts               []string       `mapstructure:"admin_hosts"`
	AdminProfiles            bool           `mapstructure:"admin_profiles"`
	DrainDelay               time.Duration  `mapstructure:"drain_delay"`
	ShutdownTimeout          time.Duration  `mapstructure:"shutdown_timeout"`
}

type CORS struct {
	AllowedOrigins []string `mapstructure:"allowed_origins"`
}

type TLS struct {
	CertFile string `mapstructure:"cert_file"`
	KeyFile  string `mapstructure:"key_file"`
}

type JWT struct {
	Algorithm           string   `mapstructure:"algorithm"`
	Secret              Secret   `mapstructure:"secret"`
	SecretFile          string   `mapstructure:"secret_file"`
	PreviousSecrets     []Secret `mapstructure:"previous_secrets"`
	PreviousSecretsFile string   `mapstructure:"previous_secrets_file"`
	Issuer              string   `mapstructure:"issuer"`
	Audience            string   `mapstructure:"audience"`
	ClientID            string   `mapstructure:"client_id"`
}

type Tokens struct {
	AccessTTL     time.Duration `mapstructure:"access_ttl"`
	RefreshTTL    time.Duration `mapstructure:"refresh_ttl"`
	SessionMaxAge time.Duration `mapstructure:"session_max_age"`
	RetryWindow   time.Duration `mapstructure:"retry_window"`
}

type Sessions struct {
	MaxPerUser int `mapstructure:"max_per_user"`
}

type Revocation struct {
	MaxStaleness time.Duration `mapstructure:"max_staleness"`
}

type Cookies struct {
	Secure          autoBool `mapstructure:"secure"`
	SameSite        string   `mapstructure:"same_site"`
	Domain          string   `mapstructure:"domain"`
	PreviousDomains []string `mapstructure:"previous_domains"`
	HostPrefix      bool     `mapstructure:"host_prefix"`
}

type Password struct {
	Argon2              Argon2   `mapstructure:"argon2"`
	Pepper              Secret   `mapstructure:"pepper"`
	PepperFile          string   `mapstructure:"pepper_file"`
	PreviousPeppers     []Secret `mapstructure:"previous_peppers"`
	PreviousPeppersFile string   `mapstructure:"previous_peppers_file"`
	MinLength           int      `mapstructure:"min_length"`
	BlocklistFile       string   `mapstructure:"blocklist_file"`
}

type Hashing struct {
	MemoryBudget autoSize      `mapstructure:"memory_budget"`
	Workers      autoNumber    `mapstructure:"workers"`
	MaxWait      time.Duration `mapstructure:"max_wait"`
}

type Argon2 struct {
	Memory      Size   `mapstructure:"memory"`
	Iterations  uint32 `mapstructure:"iterations"`
	Parallelism uint8  `mapstructure:"parallelism"`
	// auto or portable
	Implementation string `mapstructure:"implementation"`
}

type Limits struct {
	Enabled      bool               `mapstructure:"enabled"`
	Address      AddressLimits      `mapstructure:"address"`
	Account      AccountLimits      `mapstructure:"account"`
	Installation InstallationLimits `mapstructure:"installation"`
}

type InstallationLimits struct {
	Failures requestRate `mapstructure:"failures"`
}

type AddressLimits struct {
	Login    requestRate `mapstructure:"login"`
	Register requestRate `mapstructure:"register"`
	Refresh  requestRate `mapstructure:"refresh"`
	Other    requestRate `mapstructure:"other"`
}

type AccountLimits struct {
	FreeFailures         int           `mapstructure:"free_failures"`
	MaxDelay             time.Duration `mapstructure:"max_delay"`
	FreeFailuresAnywhere int           `mapstructure:"free_failures_anywhere"`
	MaxDelayAnywhere     time.Duration `mapstructure:"max_delay_anywhere"`
	DisablePasswordAfter int           `mapstructure:"disable_password_after"`
}

type Accounts struct {
	NameQuarantine time.Duration `mapstructure:"name_quarantine"`
}

type Log struct {
	Level  string `mapstructure:"level"`
	Format string `mapstructure:"format"`
}

type Vault struct {
	Auth            string        `mapstructure:"auth"`
	Mount           string        `mapstructure:"mount"`
	TokenFile       string        `mapstructure:"token_file"`
	RoleID          string        `mapstructure:"role_id"`
	SecretID        Secret        `mapstructure:"secret_id"`
	SecretIDFile    string        `mapstructure:"secret_id_file"`
	Role            string        `mapstructure:"role"`
	Insecure        bool          `mapstructure:"insecure"`
	ConnectTimeout  time.Duration `mapstructure:"connect_timeout"`
	RefreshInterval time.Duration `mapstructure:"refresh_interval"`
	MaxAge          time.Duration `mapstructure:"max_age"`
}

type Config struct {
	Watch bool `mapstructure:"watch"`
}

// Params returns the Argon2 cost.
func (a Argon2) Params() hashing.Params {
	return hashing.Params{Memory: uint32(a.Memory / 1024), Iterations: a.Iterations, Parallelism: a.Parallelism}
}

func (c Settings) Development() bool { return c.Environment == "development" }

type setting struct {
	key   string
	value any
}

// Fault is one thing wrong with the configuration.
type Fault struct {
	Key string // "" when it is about the whole
	Why string
}

// Faults is an error that tells them all.
type Faults []Fault

func (f Faults) Error() string {
	errs := make([]error, len(f))
	for i, one := range f {
		errs[i] = errors.New(one.Why)
		if one.Key != "" {
			errs[i] = fmt.Errorf("%s: %s", one.Key, one.Why)
		}
	}
	return errors.Join(errs...).Error()
}

// Located returns the faults, or nil for none, and says of each where its value came from, if somebody gave it.
func (l *Loaded) Located(f Faults) error {
	for i, one := range f {
		origin := l.Origins[one.Key]
		_, place, _ := strings.Cut(origin, " ")
		told := strings.Contains(one.Why, origin) || strings.Contains(one.Why, "(in "+place+")")
		if origin != "" && origin != "default" && !told {
			f[i].Why += " (from " + origin + ")"
		}
	}
	if len(f) == 0 {
		return nil
	}
	return f
}

func (f *Faults) Add(key, format string, args ...any) {
	*f = append(*f, Fault{key, fmt.Sprintf(format, args...)})
}
