package config

import (
	"context"
	"net/url"
	"strings"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/cmd/vault"
	"github.com/authctl/authctl/server"
	"github.com/authctl/authctl/store/postgres"
)

// adjust applies the defaults that depend on another setting.
func (l *Loaded) adjust() {
	if l.Development() && l.Origins["password.argon2.memory"] == "default" {
		l.Password.Argon2.Memory = 4 << 20
		l.Origins["password.argon2.memory"] = "environment: development"
	}
	if l.Development() && l.Origins["mail.url"] == "default" {
		l.Mail.URL.Text = "log:"
		l.Origins["mail.url"] = "environment: development"
	}
}

// Validate reports every value that is out of range or contradicts another.
func (l *Loaded) Validate(bad *Faults) {
	l.checkDeclared(bad)
	l.checkSecretTexts(bad)
	l.checkStrength(bad)
	l.validateDatabase(bad)
	l.validateServer(bad)
	l.validateClients(bad)
	l.validateTokens(bad)
	l.validateLimits(bad)
	l.validateCookies(bad)
	l.validatePassword(bad)
	l.validateMail(bad)
	bad.AddError("vault.auth", vault.CheckAuth(l.Vault.Auth))
	if l.Vault.MaxAge <= l.Vault.RefreshInterval {
		bad.Add("vault.max_age", "must be longer than vault.refresh_interval (%s), or serve is not ready between two queries", l.Vault.RefreshInterval)
	}
}

func (l *Loaded) validateDatabase(bad *Faults) {
	d := l.Database
	bad.AddError("database.statement_cache", postgres.CheckStatementCache(d.StatementCache))
	bad.AddError("database.min_connections", postgres.CheckMinConnections(d.MinConnections, d.MaxConnections))
	if path, ok := strings.CutPrefix(string(d.URL.Text), "sqlite:"); ok {
		if path = strings.TrimPrefix(path, "//"); path == "" || path == ":memory:" {
			bad.Add("database.url", "needs the path of a file after sqlite:")
		}
		return
	}
	if l.unread("database.url") {
		return
	}
	if !isPostgres(string(d.URL.Text)) {
		bad.Add("database.url", "must begin with postgres:// or sqlite:")
		return
	}
	insecure, err := postgres.Insecure(string(d.URL.Text))
	if err != nil {
		bad.Add("database.url", "cannot be used: %v", err)
	} else if insecure && !d.Insecure {
		bad.Add("database.url", "would send data to another host unencrypted or unverified: use sslmode=verify-full, "+
			"or set database.insecure: true if that network is yours alone")
	}
}

func (l *Loaded) validateServer(bad *Faults) {
	s := l.Server
	bad.AddError("server.hsts", server.CheckHSTS(s.HSTS))
	for _, origin := range s.TrustedOrigins {
		if err := server.CheckOrigin(origin); err != nil {
			bad.Add("server.trusted_origins", "%q %v", origin, err)
		}
	}
	for _, origin := range s.CORS.AllowedOrigins {
		if err := server.CheckAllowedOrigin(origin); err != nil {
			bad.Add("server.cors.allowed_origins", "%q %v", origin, err)
		}
	}
	l.validateListeners(bad)
	for _, host := range s.AdminHosts {
		if err := server.CheckAdminHost(host); err != nil {
			bad.Add("server.admin_hosts", "%q %v", host, err)
		}
	}
	l.validateProxies(bad)
	l.validateTLS(bad)
	if s.PublicURL == "" {
		return
	}
	u, err := url.Parse(s.PublicURL)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http"):
		bad.Add("server.public_url", "must be an http or https URL")
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		bad.Add("server.public_url", "must have no query, fragment or user")
	case u.Scheme == "https" && !server.IsLoopback(u.Hostname()) && l.Development():
		bad.Add("environment", "development hashes passwords cheaply, and server.public_url (%s) is where people sign in: use production", s.PublicURL)
	case u.Scheme == "http" && !server.IsLoopback(u.Hostname()) && !l.Development():
		bad.Add("server.public_url", "must be https outside of localhost and development")
	}
}

// CheckStart reports every setting that would prevent `serve` from starting. Both `serve` and
// `config check` call it first.
func (l *Loaded) CheckStart(ctx context.Context) error {
	var bad Faults
	l.findServing(&bad)
	l.resolveListeners(ctx, &bad)
	return l.Located(bad)
}

// CheckServing reports every setting that would prevent a server from working. Commands with the same
// needs call it too. It omits checks that matter only at the start of a server.
func (l *Loaded) CheckServing() error {
	var bad Faults
	l.findServing(&bad)
	return l.Located(bad)
}

func (l *Loaded) findServing(bad *Faults) {
	if _, onSQLite := l.SQLitePath(); !onSQLite && l.JWT.Secret.Text == "" {
		bad.Add("jwt.secret", "is required with PostgreSQL, because all nodes must share it: export JWT_SECRET=$(authctl secret generate), and keep it")
	}
	if _, err := readBlocklist(l.Password.BlocklistFile); err != nil {
		bad.Add("password.blocklist_file", "%v", err)
	}
	l.findMailing(bad)
	limit, source := MemoryLimit()
	l.checkMemory(limit, source, bad)
	l.Server.TLS.check(bad)
	settings := ServerSettings(*l, "")
	settings.Certificate = nil // check has checked it already
	if err := settings.Check(); err != nil {
		bad.Add("", "%v", err)
	}
}

// publicHTTPS reports whether a server.public_url is an https URL, in any case.
func publicHTTPS(url string) bool { return strings.HasPrefix(strings.ToLower(url), "https://") }

func (l *Loaded) validateTokens(bad *Faults) {
	t := l.Tokens
	access, refresh := authn.CheckLifetimes(t.AccessTTL, t.RefreshTTL, t.SessionMaxAge)
	bad.AddError("tokens.access_ttl", access)
	bad.AddError("tokens.refresh_ttl", refresh)
	bad.AddError("jwt.algorithm", authn.CheckAlgorithm(l.JWT.Algorithm))
	for key, text := range map[string]string{"jwt.issuer": l.JWT.Issuer, "jwt.audience": l.JWT.Audience, "jwt.client_id": l.JWT.ClientID} {
		if len(text) > maxInToken {
			bad.Add(key, "must have at most %d bytes, not %d: it is in every access token", maxInToken, len(text))
		}
	}
	if l.JWT.Issuer == "" {
		bad.Add("jwt.issuer", "must not be empty")
	}
}

// maxInToken is the maximum length of jwt.issuer, jwt.audience and jwt.client_id. It keeps access tokens
// below the size limit of cookies, and leaves room for roles and claims.
const maxInToken = 255

func (l *Loaded) validateCookies(bad *Faults) {
	c := l.Cookies
	switch at := l.Server; {
	case c.Secure != "false" || l.Development():
	case publicHTTPS(at.PublicURL) || at.TLS.CertFile != "":
		bad.Add("cookies.secure", "false contradicts server.public_url and server.tls, which say that there is HTTPS: auto follows the connection")
	case !server.IsLoopback(at.Host):
		bad.Add("cookies.secure", "false would send tokens to other machines unencrypted: auto follows the connection")
	}
	wrong := ServerSettings(*l, "").CheckCookies()
	bad.AddError("cookies.secure", wrong.Secure)
	bad.AddError("cookies.same_site", wrong.SameSite)
	for _, err := range wrong.HostPrefix {
		bad.AddError("cookies.host_prefix", err)
	}
	bad.AddError("cookies.domain", wrong.Domain)
	for _, err := range wrong.PreviousDomains {
		bad.AddError("cookies.previous_domains", err)
	}
}
