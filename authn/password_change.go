package authn

import (
	"context"
	"errors"
	"time"

	"github.com/authctl/authctl/store"
)

// ChangePassword sets a new password for a user who has signed in and knows the current one. The
// session that asks gets new tokens, and all other sessions of the user end. refresh are the refresh
// tokens of the request. One of them must be of the session that asks, because its successor is made
// from it.
//
// It fails with:
//
//   - [CodeInvalidRequest] without a refresh token of the session;
//   - [CodeWeakPassword];
//   - [CodeInvalidCredentials] for a wrong current password, and [CodeRateLimited]. Both count and take
//     as long as for [Service.Login];
//   - [CodeSessionRevoked] when the session or the account was ended meanwhile;
//   - [CodeOverloaded].
func (s *Service) ChangePassword(ctx context.Context, a Actor, who Identity, refresh []string, current, next string) (g Grant, err error) {
	now := s.now()
	old, ok := tokenOf(who, refresh)
	if !ok {
		return Grant{}, refuse(CodeInvalidRequest, "the request needs the refresh token of its session too, for it is replaced")
	}
	folded, err := foldUsername(who.username)
	if err != nil {
		return Grant{}, errRevoked
	}
	if _, _, err := s.rules.Load().policy.check(next, folded); err != nil {
		return Grant{}, err
	}
	if err := s.Keys.CanSign(); err != nil {
		return Grant{}, err
	}
	a.Name = "user:" + who.userID.String()
	var hash string
	watch := startStopwatch()
	err = s.prove(ctx, passwordProof{
		actor: a, who: &who, password: current, now: now, watch: watch,
		use: func(ctx context.Context, creds store.Credentials, attempt *store.Attempt, _ string) (changed bool, err error) {
			if hash == "" {
				if hash, _, err = s.newHash(context.WithoutCancel(ctx), next, namesOf(creds.User.Folded, creds.User.Email)); err != nil {
					return false, err
				}
				watch.lap("hash")
			}
			ctx, done := recording(ctx)
			defer done()
			g, changed, err = s.changePassword(ctx, a, creds, attempt, hash, old, now)
			return changed, err
		},
	})
	if err != nil {
		return Grant{Steps: watch.steps}, err
	}
	s.Cluster.catchUp(ctx)
	watch.lap("store")
	g.Steps = watch.steps
	return g, nil
}

// tokenOf returns the first of the refresh tokens that is of the session that asks.
func tokenOf(who Identity, refresh []string) (refreshToken, bool) {
	for _, token := range refresh[:min(len(refresh), maxLogoutTokens)] {
		if t, ok := parseRefreshToken(token); ok && t.sessionID() == who.sessionID {
			return t, true
		}
	}
	return refreshToken{}, false
}

// changePassword sets the hash of a new password. It reports false when the account no longer
// matches creds.
func (s *Service) changePassword(ctx context.Context, a Actor, creds store.Credentials, attempt *store.Attempt, hash string, old refreshToken, now time.Time) (g Grant, changed bool, err error) {
	session, state, err := s.store.SessionState(ctx, old.sessionID())
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && (session.UserID != creds.User.ID || session.Generation != creds.Generation):
		return Grant{}, false, errRevoked
	case err != nil:
		return Grant{}, false, fail(err)
	case !now.Before(session.ExpiresAt):
		return Grant{}, false, refusal(store.Expired)
	}
	steps := s.rules.Load().steps
	step := max(state.Step+1, steps.read(old)+1, firstStep(now)) // old need not be the current token
	token := steps.mark(old.next(), step)
	session.ExpiresAt = now.Add(s.refresh)
	if session.AbsoluteExpiresAt.Before(session.ExpiresAt) {
		session.ExpiresAt = session.AbsoluteExpiresAt
	}
	e := a.event(store.ActionPasswordChanged, now)
	e.UserID = creds.User.ID
	generation, changed, err := s.store.ChangePassword(ctx, store.PasswordChange{
		UserID:       creds.User.ID,
		PasswordHash: creds.PasswordHash,
		Hash:         hash,
		Generation:   creds.Generation,
		Attempt:      attempt,
		SessionID:    session.ID,
		TokenHash:    token.hash(),
		Step:         step,
		ExpiresAt:    session.ExpiresAt,
		Notice:       s.notice(store.MailPasswordChanged, "", now),
	}, e)
	if err != nil {
		return Grant{}, false, fail(err)
	}
	if !changed {
		return Grant{}, false, nil
	}
	session.Generation.User = generation
	g, err = s.grant(a, creds.User, session, token, now)
	return g, true, err
}
