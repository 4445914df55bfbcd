package server

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// certificateLook is how long a certificate is shown before its files are looked at again.
const certificateLook = time.Second

// certificate is what the server shows to who connects over TLS. It follows its files: at
// most once a second, when somebody connects, they are read again.
type certificate struct {
	read func() (certPEM, keyPEM []byte, err error)
	log  zerolog.Logger
	now  func() time.Time

	mu     sync.Mutex
	shown  *tls.Certificate
	digest [sha256.Size]byte // of the files that it came from
	looked time.Time
	fault  string // why the files of now cannot be shown; it was logged
}

// newCertificate fails when the files cannot be read, or are no certificate and its key.
func newCertificate(read func() (certPEM, keyPEM []byte, err error), log zerolog.Logger) (*certificate, error) {
	c := &certificate{read: read, log: log, now: time.Now}
	if _, err := c.take(); err != nil {
		return nil, err
	}
	c.looked = c.now()
	if c.shown.Leaf.NotAfter.Before(c.looked) {
		log.Error().Time("not_after", c.shown.Leaf.NotAfter).Msg("the certificate has expired")
	}
	return c, nil
}

// config is that of a listener.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current(), nil },
	}
}

// current returns the certificate of the files. What cannot be read, or does not belong
// together because only one of the two is there yet, changes nothing.
func (c *certificate) current() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.looked) >= certificateLook || now.Before(c.looked) {
		c.looked = now
		c.look()
	}
	return c.shown
}

// look takes the files over and logs what came of it, a fault once.
func (c *certificate) look() {
	changed, err := c.take()
	switch {
	case err != nil && err.Error() != c.fault:
		c.fault = err.Error()
		c.log.Error().Err(err).Msg("certificate not reloaded, the one before is shown")
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

// notAfter is when the certificate that is shown expires.
func (c *certificate) notAfter() time.Time { return c.current().Leaf.NotAfter }
