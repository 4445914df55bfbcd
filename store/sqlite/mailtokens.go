package sqlite

import (
	"context"
	"database/sql"

	"github.com/google/uuid"
)

// tokenGood is the condition under which the one-time token m of a user in the installation i is
// good at ?1.
const tokenGood = `m.used_at IS NULL AND m.expires_at > ?1 AND users.disabled_at IS NULL AND m.password_changed_at = users.password_changed_at
    AND m.installation_generation >= i.generation AND m.user_generation >= users.generation`

const deleteMailTokens = `DELETE FROM mail_tokens WHERE user_id = ?1`

// dropTokens deletes a user's one-time tokens, within a transaction that has locked the user.
func dropTokens(ctx context.Context, tx *sql.Tx, userID uuid.UUID) error {
	_, err := tx.ExecContext(ctx, deleteMailTokens, userID)
	return err
}
