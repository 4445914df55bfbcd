package authn

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// Rehearsal is a dry run of an import. It remembers the users that it would have imported.
type Rehearsal struct {
	s      *Service
	names  map[string]rehearsed // by folded username
	ids    map[uuid.UUID]bool
	emails map[string]bool // verified, folded
}

// rehearsed is a user that would have been imported, or would have got a password.
type rehearsed struct {
	id   uuid.UUID
	bare bool // without a password
}

// Rehearse begins a [Rehearsal].
func (s *Service) Rehearse() *Rehearsal {
	return &Rehearsal{s: s, names: map[string]rehearsed{}, ids: map[uuid.UUID]bool{}, emails: map[string]bool{}}
}

// ImportUsers returns the outcome for each user, in their order, as if they and all earlier ones
// had been imported one after the other.
func (r *Rehearsal) ImportUsers(ctx context.Context, users []store.ImportedUser) ([]store.ImportOutcome, error) {
	outcomes := make([]store.ImportOutcome, len(users))
	var err error
	for i, u := range users {
		if outcomes[i], err = r.outcome(ctx, u); err != nil {
			return nil, fail(err)
		}
		if outcomes[i] == store.Imported || outcomes[i] == store.Filled {
			r.names[u.Folded], r.ids[u.ID] = rehearsed{u.ID, u.PasswordHash == ""}, true
		}
		if outcomes[i] == store.Imported && u.Email.Verified {
			r.emails[u.Email.Folded] = true
		}
	}
	return outcomes, nil
}

func (r *Rehearsal) outcome(ctx context.Context, u store.ImportedUser) (store.ImportOutcome, error) {
	if was, is := r.names[u.Folded]; is {
		return again(u, was), nil
	}
	if r.ids[u.ID] {
		return store.Taken, nil
	}
	c, err := r.s.store.Credentials(ctx, u.Folded)
	if err == nil {
		return again(u, rehearsed{c.User.ID, c.PasswordHash == ""}), nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return 0, err
	}
	_, err = r.s.store.UserByID(ctx, u.ID)
	switch {
	case err == nil:
		return store.Taken, nil
	case !errors.Is(err, store.ErrNotFound):
		return 0, err
	}
	return r.addressed(ctx, u)
}

// addressed returns the outcome for a user who is new, except for the address perhaps.
func (r *Rehearsal) addressed(ctx context.Context, u store.ImportedUser) (store.ImportOutcome, error) {
	if !u.Email.Verified {
		return store.Imported, nil
	}
	if r.emails[u.Email.Folded] {
		return store.EmailTaken, nil
	}
	_, err := r.s.store.UserByEmail(ctx, u.Email.Folded)
	switch {
	case err == nil:
		return store.EmailTaken, nil
	case errors.Is(err, store.ErrNotFound):
		return store.Imported, nil
	}
	return 0, err
}

// again returns the outcome for a user whose name exists already.
func again(u store.ImportedUser, there rehearsed) store.ImportOutcome {
	switch {
	case there.id != u.ID:
		return store.Taken
	case !there.bare:
		return store.There
	case u.PasswordHash == "":
		return store.Bare
	}
	return store.Filled
}
