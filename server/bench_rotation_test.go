package server_test

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/authn"
)

// The statements of the stores that rotate a token, with fewer returned columns.
const (
	postgresRotation = `
UPDATE refresh_tokens AS t
SET token_hash = $3, previous_hash = t.token_hash, successor = $4, rotated_at = $5, last_used_at = $5,
    expires_at = LEAST($6, t.absolute_expires_at)
FROM users u, installation i
WHERE t.id = $1 AND t.token_hash = $2 AND t.expires_at > $5
    AND u.id = t.user_id AND u.disabled_at IS NULL
    AND t.installation_generation >= i.generation AND t.user_generation >= u.generation
RETURNING u.id`

	sqliteRotation = `
UPDATE refresh_tokens AS t
SET token_hash = ?3, previous_hash = t.token_hash, successor = ?4, rotated_at = ?5, last_used_at = ?5,
    expires_at = MIN(?6, t.absolute_expires_at)
FROM users u, installation i
WHERE t.id = ?1 AND t.token_hash = ?2 AND t.expires_at > ?5
    AND u.id = t.user_id AND u.disabled_at IS NULL
    AND t.installation_generation >= i.generation AND t.user_generation >= u.generation
RETURNING user_id`
)

func sqliteRotationArgs(s *bareSession, next string, now, expires time.Time) []any {
	return []any{s.id.String(), s.hash, next, s.sealed, now.UnixMicro(), expires.UnixMicro()}
}

// bareSession is a session without tokens, for the bare statements.
type bareSession struct {
	id     uuid.UUID
	hash   string
	sealed []byte
}

func (bn *bench) newBareSession() *bareSession {
	grant, err := bn.svc.Login(bn.b.Context(), authn.Actor{Name: "anonymous"}, authn.Account{Username: "user0", Password: password}, "")
	if err != nil {
		bn.b.Fatal(err)
	}
	return &bareSession{id: grant.SessionID, hash: hexSum([]byte(grant.RefreshToken)), sealed: make([]byte, 32)}
}

func (s *bareSession) rotate(ctx context.Context, db floorDB) error {
	var token [48]byte
	rand.Read(token[:])
	next, now := hexSum(token[:]), time.Now().UTC()
	if err := db.rotate(ctx, s, next, now, now.Add(refreshTTL)); err != nil {
		return err
	}
	s.hash = next
	return nil
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
