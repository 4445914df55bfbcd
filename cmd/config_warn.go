package cmd

import (
	"fmt"
	"strings"

	"github.com/authctl/authctl/authn"
)

// warn says what a server may be given and its operator hardly wants.
func (a *app) warn(cfg loaded) {
	for _, warning := range cfg.warnings() {
		a.say("warning: %s", warning)
	}
}

func (l *loaded) warnings() (all []string) {
	s := l.Server
	if !loopback(s.Host) && s.TLS.CertFile == "" && !strings.HasPrefix(s.PublicURL, "https://") {
		all = append(all, fmt.Sprintf("%s can be reached from elsewhere, and passwords and cookies come in clear: set server.tls.cert_file and key_file, "+
			"or server.public_url to the https URL of a proxy in front that speaks TLS", s.Host))
	}
	if l.JWT.Algorithm != authn.AlgorithmHS256 && s.PublicURL != "" && l.JWT.Issuer != s.PublicURL {
		all = append(all, fmt.Sprintf("verifiers that find the public keys through %s compare it with the issuer of tokens, which is %q: set jwt.issuer to the same URL",
			s.PublicURL, l.JWT.Issuer))
	}
	return all
}
