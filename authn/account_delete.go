package authn

import (
	"context"
	"errors"

	"github.com/authctl/authctl/store"
)

// DeleteAccount deletes the account of a user who has signed in and knows the current password, with
// all its sessions and data. Audit events stay. It fails with [CodeInvalidCredentials] for a wrong
// current password, with [CodeRateLimited] and [CodeOverloaded], as [Service.Login] does, and with
// [CodeSessionRevoked] when the account was ended meanwhile.
func (s *Service) DeleteAccount(ctx context.Context, a Actor, who Identity, current string) error {
	now := s.now()
	a.Name = "user:" + who.userID.String()
	err := s.prove(ctx, passwordProof{
		actor: a, who: &who, password: current, now: now, watch: startStopwatch(),
		use: func(ctx context.Context, creds store.Credentials, _ *store.Attempt, _ string) (bool, error) {
			e := a.event(store.ActionUserDeleted, now)
			e.UserID = creds.User.ID
			err := s.store.DeleteUser(ctx, creds.User.ID, store.Deletion{
				PasswordHash: creds.PasswordHash, Notice: s.notice(store.MailAccountDeleted, "", now),
			}, e)
			switch {
			case errors.Is(err, store.ErrConflict):
				return false, nil
			case errors.Is(err, store.ErrNotFound):
				return false, errRevoked
			case err != nil:
				return false, fail(err)
			}
			return true, nil
		},
	})
	if err != nil {
		return err
	}
	s.Cluster.catchUp(ctx)
	return nil
}
