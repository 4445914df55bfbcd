package hashing

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/authctl/authctl/authn/hashing/foreign"
)

const (
	prehashMark   = "{prehash="
	prehashEnd    = "}"
	prehashInfo   = "authctl prehash key"
	maxSealedText = 512 // characters
)

var (
	errSealed   = errors.New("password hash needs a key that cannot be opened: it was sealed with a secret that is neither jwt.secret nor in jwt.previous_secrets")
	errNoSecret = errors.New("no secret is known to seal the key of a prehash with")
)

// CheckPrehash returns an error, with text for a person and without the key, for a prehash that is not known.
func CheckPrehash(text string) error {
	_, err := foreign.ParsePrehash(text)
	return err
}

// PrehashHasKey reports whether a prehash has a key, which [Hasher.Adopt] encrypts.
func PrehashHasKey(text string) bool {
	p, err := foreign.ParsePrehash(text)
	return err == nil && p.Keyed()
}

// Adopt returns another program's hash as it is stored. salt is what the program stores in a field of its own, ""
// for none, and prehash what it does with a password first, "" for nothing. It fails as [Hasher.Parse] does, for a
// salt or a prehash that is not known, and when there is no secret to encrypt the key of the prehash with.
func (h *Hasher) Adopt(encoded, salt, prehash string) (string, error) {
	encoded, err := foreign.Join(encoded, salt)
	if err != nil {
		return "", err
	}
	if prehash != "" && !strings.HasPrefix(encoded, prehashMark) {
		p, err := foreign.ParsePrehash(prehash)
		if err != nil {
			return "", fmt.Errorf("prehash is not known: %w", err)
		}
		if encoded, err = h.seal(p, encoded); err != nil {
			return "", err
		}
	}
	_, err = h.Parse(encoded)
	return encoded, err
}

// seal puts a prehash before a hash. Its key is encrypted with XChaCha20-Poly1305, under a key that is derived from
// the first of [Config.Secrets] by HKDF (RFC 5869). The form is {prehash=KIND}HASH, or
// {prehash=KIND:ID:SEALED}HASH, where ID names the secret.
func (h *Hasher) seal(p foreign.Prehash, encoded string) (string, error) {
	if !p.Keyed() {
		return prehashMark + p.Kind + prehashEnd + encoded, nil
	}
	if len(h.config.Secrets) == 0 {
		return "", errNoSecret
	}
	secret := h.config.Secrets[0]
	aead, err := prehashCipher(secret)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(p.Key)+aead.Overhead())
	rand.Read(nonce)
	sealed := base64.RawURLEncoding.EncodeToString(aead.Seal(nonce, nonce, []byte(p.Key), []byte(p.Kind)))
	return prehashMark + p.Kind + ":" + secretID(secret) + ":" + sealed + prehashEnd + encoded, nil
}

// cutPrehash cuts an encoded hash into what stands in its braces, and the program's hash.
func cutPrehash(encoded string) (prehash, rest string, ok bool) {
	after, ok := strings.CutPrefix(encoded, prehashMark)
	if !ok {
		return "", encoded, false
	}
	prehash, rest, _ = strings.Cut(after, prehashEnd)
	return prehash, rest, true
}

// unseal reads what stands in the braces.
func (h *Hasher) unseal(text string) (foreign.Prehash, error) {
	kind, sealed, keyed := strings.Cut(text, ":")
	if p := (foreign.Prehash{Kind: kind}); !keyed || !p.Keyed() {
		return foreign.ParsePrehash(text)
	}
	id, sealed, _ := strings.Cut(sealed, ":")
	for _, secret := range h.config.Secrets {
		if secretID(secret) != id {
			continue
		}
		aead, err := prehashCipher(secret)
		if err != nil {
			return foreign.Prehash{}, err
		}
		b, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
		if err != nil || len(sealed) > maxSealedText || len(b) < aead.NonceSize() {
			return foreign.Prehash{}, errCorruptHash
		}
		key, err := aead.Open(nil, b[:aead.NonceSize()], b[aead.NonceSize():], []byte(kind))
		if err != nil {
			return foreign.Prehash{}, errCorruptHash
		}
		return foreign.ParsePrehash(kind + ":" + string(key))
	}
	return foreign.Prehash{}, errSealed
}

func prehashCipher(secret string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret), nil, prehashInfo, chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	return chacha20poly1305.NewX(key)
}

// secretID names a secret without revealing it.
func secretID(secret string) string {
	sum := sha256.Sum256([]byte(prehashInfo + " id\x00" + secret))
	return hex.EncodeToString(sum[:6])
}
