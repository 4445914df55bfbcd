package server

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// certificateRecheck is how long a certificate is used before its files are read again.
const certificateRecheck = time.Second

// certificate is the TLS certificate of the server. It follows its files: a new connection reads
// them again, at most once a second.
type certificate struct {
	read func() (certPEM, keyPEM []byte, err error)
	log  zerolog.Logger
	now  func() time.Time

	mu     sync.Mutex
	shown  *tls.Certificate
	digest [sha256.Size]byte // of the files that were read
	readAt time.Time
	fault  string // why the current files cannot be used, as it was logged
}

// newCertificate reads the certificate. It fails when the files cannot be read, or do not hold a
// certificate and its key.
func newCertificate(read func() (certPEM, keyPEM []byte, err error), log zerolog.Logger) (*certificate, error) {
	c := &certificate{read: read, log: log, now: time.Now}
	if _, err := c.take(); err != nil {
		return nil, err
	}
	c.readAt = c.now()
	if c.shown.Leaf.NotAfter.Before(c.readAt) {
		log.Error().Time("not_after", c.shown.Leaf.NotAfter).Msg("the certificate has expired")
	}
	return c, nil
}

// config returns the TLS configuration of a listener.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current(), nil },
	}
}

// current returns the latest usable certificate. Files that cannot be read or do not match, such as
// when only one of them is replaced yet, leave the former one in use.
func (c *certificate) current() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.readAt) >= certificateRecheck || now.Before(c.readAt) {
		c.readAt = now
		c.reload()
	}
	return c.shown
}

// reload reads the files and uses their certificate if it is good. It logs a new certificate, and each fault once.
func (c *certificate) reload() {
	changed, err := c.take()
	switch {
	case err != nil && err.Error() != c.fault:
		c.fault = err.Error()
		c.log.Error().Err(err).Msg("certificate not reloaded, the previous one stays in use")
	case err == nil && (changed || c.fault != ""):
		c.fault = ""
		c.log.Info().Time("not_after", c.shown.Leaf.NotAfter).Msg("certificate reloaded")
	}
}

func (c *certificate) take() (changed bool, err error) {
	certPEM, keyPEM, err := c.read()
	if err != nil {
		return false, err
	}
	digest := sha256.Sum256(append(append(append([]byte{}, certPEM...), 0), keyPEM...))
	if c.shown != nil && digest == c.digest {
		return false, nil
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return false, err
	}
	if pair.Leaf == nil { // GODEBUG=x509keypairleaf=0
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return false, err
		}
	}
	c.shown, c.digest = &pair, digest
	return true, nil
}

// notAfter returns when the current certificate expires.
func (c *certificate) notAfter() time.Time { return c.current().Leaf.NotAfter }
