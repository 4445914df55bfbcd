package config

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// certificate returns a function that reads the certificate and its key. It returns nil without TLS.
func (c TLS) certificate() func() (certPEM, keyPEM []byte, err error) {
	if c.CertFile == "" {
		return nil
	}
	return func() ([]byte, []byte, error) {
		cert, _, err := readTrusted(c.CertFile)
		if found := wrongEncoding(string(cert)); found != "" {
			err = fmt.Errorf("%s %s", c.CertFile, found)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("server.tls.cert_file: %w", err)
		}
		key, err := readSecretFile(c.KeyFile)
		if found := wrongEncoding(key); found != "" {
			err = fmt.Errorf("%s %s", c.KeyFile, found)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("server.tls.key_file: %w", err)
		}
		return cert, []byte(key), nil
	}
}

// Scheme returns https if the server speaks TLS, otherwise http.
func (s Server) Scheme() string {
	if s.TLS.CertFile != "" {
		return "https"
	}
	return "http"
}

func (l *Loaded) validateTLS(bad *Faults) {
	t := l.Server.TLS
	switch {
	case t.CertFile != "" && t.KeyFile == "":
		bad.Add("server.tls.key_file", "is missing, the private key that belongs to server.tls.cert_file")
	case t.CertFile == "" && t.KeyFile != "":
		bad.Add("server.tls.cert_file", "is missing, the certificate that belongs to server.tls.key_file")
	}
}

// check reports unusable TLS files, each by its setting.
func (c TLS) check(bad *Faults) {
	if c.CertFile == "" || c.KeyFile == "" {
		return
	}
	cert, _, certErr := readTrusted(c.CertFile)
	if certErr != nil {
		bad.Add("server.tls.cert_file", "%v", certErr)
	}
	key, keyErr := readSecretFile(c.KeyFile)
	if keyErr != nil {
		bad.Add("server.tls.key_file", "%v", keyErr)
	}
	if certErr != nil || keyErr != nil {
		return
	}
	if _, err := tls.X509KeyPair(cert, []byte(key)); err != nil {
		blamed := "server.tls.key_file"
		if _, bad := firstCertificate(cert); bad != nil {
			blamed = "server.tls.cert_file"
		}
		bad.Add(blamed, "%v", err)
	}
}

// firstCertificate returns the server's own certificate from a PEM text.
func firstCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("it is not PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}

// expired returns the expiry of an expired certificate. It returns false for a valid or unreadable one.
func (c TLS) expired(now time.Time) (time.Time, bool) {
	text, _, err := readTrusted(c.CertFile)
	if c.CertFile == "" || err != nil {
		return time.Time{}, false
	}
	cert, err := firstCertificate(text)
	if err != nil || !cert.NotAfter.Before(now) {
		return time.Time{}, false
	}
	return cert.NotAfter, true
}

// Trusting returns a client configuration that trusts only the certificate in the file. It ignores
// the names in the certificate, because the client connects to the listening address.
func (c TLS) Trusting() *tls.Config {
	return &tls.Config{
		InsecureSkipVerify: true, // VerifyConnection does
		VerifyConnection: func(state tls.ConnectionState) error {
			text, _, err := readTrusted(c.CertFile)
			if err != nil {
				return err
			}
			own, err := firstCertificate(text)
			if err != nil {
				return fmt.Errorf("%s: %w", c.CertFile, err)
			}
			if !bytes.Equal(own.Raw, state.PeerCertificates[0].Raw) {
				return errors.New("the server shows another certificate than server.tls.cert_file")
			}
			return nil
		},
	}
}
