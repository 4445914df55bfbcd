package config

import (
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/authn/mail"
	"github.com/authctl/authctl/server"
)

// Warnings returns a sentence for each valid setting that an operator probably does not want.
func (l *Loaded) Warnings() (all []string) {
	s := l.Server
	if !server.IsLoopback(s.Host) && s.TLS.CertFile == "" && !publicHTTPS(s.PublicURL) {
		all = append(all, fmt.Sprintf("%s can be reached from elsewhere, and passwords and cookies arrive unencrypted: set server.tls.cert_file and key_file, "+
			"or server.public_url to the https URL of a proxy in front that speaks TLS", s.Host))
	}
	if l.JWT.Algorithm != authn.AlgorithmHS256 && s.PublicURL != "" && l.JWT.Issuer != s.PublicURL {
		all = append(all, fmt.Sprintf("verifiers that find the public keys through %s compare it with the issuer of tokens, which is %q: set jwt.issuer to the same URL",
			s.PublicURL, l.JWT.Issuer))
	}
	if host, _, err := net.SplitHostPort(s.AdminListen); err == nil && !server.IsLoopback(host) {
		all = append(all, fmt.Sprintf("server.admin_listen %s can be reached from elsewhere, and has no authentication: let only the collector of metrics reach it", s.AdminListen))
	}
	if when, expired := s.TLS.expired(time.Now()); expired {
		all = append(all, fmt.Sprintf("the certificate in %s expired at %s: browsers refuse it", s.TLS.CertFile, when.UTC().Format(time.RFC3339)))
	}
	if origin := l.Origins["server.port"]; s.Port == 0 && !strings.HasPrefix(origin, "flag") {
		all = append(all, fmt.Sprintf("server.port is 0 (from %s): the system chooses another port at each start; use this only for tests", origin))
	}
	if !l.Limits.Enabled {
		all = append(all, "limits.enabled is false, so nothing slows down password guessing; use this only for load tests")
	}
	if behindHTTPS := s.TLS.CertFile != "" || publicHTTPS(s.PublicURL) || len(s.TrustedProxies) > 0; behindHTTPS && l.Cookies.Secure == "false" {
		all = append(all, "cookies.secure is false although there is HTTPS, or a proxy that may speak it: browsers then send the tokens over plain HTTP as well; auto follows the connection")
	}
	all = append(all, l.mailWarnings()...)
	for _, name := range l.lone {
		all = append(all, fmt.Sprintf("%s is ignored, because Kubernetes sets such variables for Services; but no other variable of this Service is set%s", name, Nearest(name, variableNames())))
	}
	return all
}

// mailWarnings returns the warnings about mail.
func (l *Loaded) mailWarnings() (all []string) {
	to, err := mail.ParseURL(string(l.Mail.URL.Text))
	if err != nil {
		return nil // off, or kept in Vault
	}
	if to.Scheme == mail.SchemeLog && !l.Development() {
		all = append(all, "mail.url is log:, so nobody gets mail, and the log has links that set passwords: that is for development")
	}
	if l.Mail.Insecure && !to.Loopback() {
		all = append(all, fmt.Sprintf("mail.insecure is true, so mails with links that set passwords go to %s in clear: only on a network that is yours alone", to))
	}
	if l.emailMode() == authn.EmailOff {
		all = append(all, "accounts.email is off, so nothing is mailed although mail.url is set")
	}
	return all
}
