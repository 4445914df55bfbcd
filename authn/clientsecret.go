package authn

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// clientSecretPrefix begins every secret of a service account, so that scanners of source code find
// one by authctl_cs_[A-Z2-7]{52}.
const clientSecretPrefix = "authctl_cs_"

// newClientSecret returns a new secret with 260 random bits. It has only letters, digits and _, which
// are the same in a form, in the form-encoded parts of HTTP Basic (RFC 6749, section 2.3.1), and in a
// shell.
func newClientSecret() string { return clientSecretPrefix + rand.Text() + rand.Text() }

// hashClientSecret returns the stored form of a secret. A fast hash is enough, because nobody can
// guess 260 random bits. The database looks the hash up in an index. How long that takes may tell how
// many bytes of a hash are right; whoever knows that has no part of a secret with such a hash.
func hashClientSecret(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// isClientSecret reports whether a text looks like the secret of a service account.
func isClientSecret(text string) bool { return strings.HasPrefix(text, clientSecretPrefix) }
