package config

import "github.com/authctl/authctl/server"

// ServerSettings returns the configuration of the HTTP server. version is the binary's version, for the metrics.
func ServerSettings(cfg Loaded, version string) server.Config {
	return server.Config{
		PublicURL:             cfg.Server.PublicURL,
		VerifyLink:            cfg.Mail.Links.Verify,
		ResetLink:             cfg.Mail.Links.Reset,
		TrustedOrigins:        cfg.Server.TrustedOrigins,
		AllowedOrigins:        cfg.Server.CORS.AllowedOrigins,
		Clients:               cfg.publicClients(),
		TrustedProxies:        cfg.Server.TrustedProxies,
		ForwardedHeader:       cfg.Server.ForwardedHeader,
		ProxyProtocol:         cfg.Server.ProxyProtocol,
		HSTS:                  cfg.Server.HSTS,
		Limits:                cfg.Limits.requests(),
		MaxConnections:        cfg.Server.MaxConnections,
		MaxPerAddress:         cfg.Server.MaxConnectionsPerAddress,
		CookieSecure:          string(cfg.Cookies.Secure),
		CookieSameSite:        cfg.Cookies.SameSite,
		CookieDomain:          cfg.Cookies.Domain,
		CookiePreviousDomains: cfg.Cookies.PreviousDomains,
		CookieHostPrefix:      cfg.Cookies.HostPrefix,
		LogRequests:           cfg.Log.Requests,
		AdminHosts:            cfg.Server.AdminHosts,
		AdminProfiles:         cfg.Server.AdminProfiles,
		DrainDelay:            cfg.Server.DrainDelay,
		ShutdownTimeout:       cfg.Server.ShutdownTimeout,
		Certificate:           cfg.Server.TLS.certificate(),
		Version:               version,
	}
}
