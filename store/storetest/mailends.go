package storetest

import (
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// endingAccess returns every change after which a user's tokens must be useless.
func endingAccess(f *fixture) map[string]func(u store.User, e store.Event) error {
	return map[string]func(u store.User, e store.Event) error{
		"password": func(u store.User, e store.Event) error {
			_, err := f.store.SetPassword(f.ctx, u.ID, oldHash, nil, e) // the same as before, at the same instant
			return err
		},
		"own password": func(u store.User, e store.Event) error {
			n := f.session(u, u.Username)
			_, changed, err := f.store.ChangePassword(f.ctx, change(n, "$argon2id$new", "changed "+u.Username), e)
			equal(f, "changed", changed, true)
			return err
		},
		"imported password": func(u store.User, e store.Event) error {
			_, err := f.db.ExecContext(f.ctx, `UPDATE users SET password_hash = NULL WHERE username = '`+u.Username+`'`)
			f.ok("remove password", err)
			f.imports([]store.ImportedUser{{
				NewUser: store.NewUser{ID: u.ID, Username: u.Username, Folded: u.Folded, PasswordHash: "$argon2id$imported", CreatedAt: noon}, PasswordChangedAt: noon.Add(-time.Hour),
			}}, store.Filled)
			return nil
		},
		"disabled": func(u store.User, e store.Event) error {
			_, err := f.store.DisableUser(f.ctx, u.ID, e)
			return err
		},
		"disabled and enabled": func(u store.User, e store.Event) error {
			if _, err := f.store.DisableUser(f.ctx, u.ID, e); err != nil {
				return err
			}
			_, err := f.store.EnableUser(f.ctx, u.ID, e)
			return err
		},
		"deleted": func(u store.User, e store.Event) error {
			return f.store.DeleteUser(f.ctx, u.ID, store.Deletion{}, e)
		},
		"sessions": func(u store.User, e store.Event) error {
			_, err := f.store.EndSessions(f.ctx, store.OfUser(u.ID), e)
			return err
		},
		"other sessions": func(u store.User, e store.Event) error {
			return f.store.EndOtherSessions(f.ctx, u.ID, uuid.New(), e)
		},
		"everyone's sessions": func(u store.User, e store.Event) error {
			_, err := f.store.EndSessions(f.ctx, store.Everyone(), e)
			return err
		},
		"restore": func(u store.User, e store.Event) error {
			_, err := f.store.FinishRestore(f.ctx, store.NextGeneration(noon), e)
			return err
		},
		"raised": func(u store.User, e store.Event) error {
			_, err := f.store.RaiseGenerations(f.ctx, 0, map[uuid.UUID]int64{u.ID: store.NextGeneration(noon)}, e)
			return err
		},
		"renamed": func(u store.User, e store.Event) error {
			_, err := f.store.RenameUser(f.ctx, u.ID, u.Username+"x", u.Folded+"x", e)
			return err
		},
		"address": func(u store.User, e store.Event) error {
			_, err := f.store.SetEmail(f.ctx, u.ID, unverified("x "+u.Email), nil, e)
			return err
		},
		"verified another": func(u store.User, e store.Event) error {
			f.asks(verification(u, "another "+u.Email, "another "+u.Email), noon)
			v, err := f.store.VerifyEmail(f.ctx, hashOf("another "+u.Email), nil, e)
			equal(f, "outcome", v.Outcome, store.Verified)
			return err
		},
	}
}
