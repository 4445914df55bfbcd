package config

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAnExpiredCertificateIsWarnedOf(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	expiry := time.Now().Add(-time.Hour)
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: expiry.Add(-time.Hour), NotAfter: expiry}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write(t, certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), 0o600)
	write(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})), 0o600)
	cfg := mustLoad(t, from(t, "", "AUTHCTL_SERVER_TLS_CERT_FILE="+certFile, "AUTHCTL_SERVER_TLS_KEY_FILE="+keyFile))
	if err := cfg.CheckStart(t.Context()); err != nil {
		t.Errorf("serve would start with it, and the check says %v", err)
	}
	if said := strings.Join(cfg.Warnings(), "\n"); !strings.Contains(said, certFile+" expired at "+expiry.UTC().Format(time.RFC3339)) {
		t.Errorf("got %q", said)
	}
}
